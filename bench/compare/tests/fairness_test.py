#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What bench/compare/fairness makes of command lines and of reports, without a measurement."""

import importlib.machinery
import importlib.util
import os
import pathlib
import sys
import unittest

PROGRAM = pathlib.Path(__file__).resolve().parents[1] / "fairness"


def loaded():
    sys.dont_write_bytecode = True
    loader = importlib.machinery.SourceFileLoader("fairness", str(PROGRAM))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("fairness", loader))
    sys.modules["fairness"] = module
    loader.exec_module(module)
    return module


fairness = loaded()


def report(p99_us, **others):
    return {"latency_us": {"p50": 1, "p99": p99_us, "max": 2 * p99_us}, "seconds": 2,
            "server_cpu_seconds": 1, "megabytes_per_second": 7, "errors": {}, "missing": 0,
            "ok": True} | others


def rounds_of(**p99s):
    names = {"a": "A", "b": "B 64k", "c": "C 64k"}
    return {names[name]: [fairness.summary_of(report(value), None) for value in values]
            for name, values in p99s.items()}


class Summary(unittest.TestCase):
    def test_names_the_flooders_errors_as_its_own(self):
        quiet = report(10, missing=3, ok=False)
        flood = report(10, errors={"connect": 1}, ok=False)
        summary = fairness.summary_of(quiet, flood)
        self.assertEqual(summary["errors"], {"missing": 3, "flooder: connect": 1})
        self.assertFalse(summary["ok"])

    def test_is_not_ok_where_only_the_flooder_failed(self):
        self.assertFalse(fairness.summary_of(report(10), report(10, ok=False))["ok"])

    def test_gives_the_gateways_share_of_its_core(self):
        self.assertEqual(fairness.summary_of(report(10), None)["gateway_cores"], 0.5)
        gone = fairness.summary_of(report(10, server_cpu_seconds=None), None)
        self.assertIsNone(gone["gateway_cores"])


class Verdict(unittest.TestCase):
    def test_compares_medians(self):
        rounds = rounds_of(a=[100, 1, 900], b=[150, 9000, 2], c=[120, 120, 120])
        result = fairness.evaluate(rounds, ["64k"], 2)
        self.assertEqual(result["ratios"]["64k"], {"B/A": 1.5, "B/C": 1.25, "C/A": 1.2})
        self.assertTrue(result["fair"])

    def test_is_unfair_above_the_ratio(self):
        rounds = rounds_of(a=[100], b=[201], c=[100])
        self.assertFalse(fairness.evaluate(rounds, ["64k"], 2)["fair"])

    def test_is_unfair_without_figures(self):
        rounds = rounds_of(a=[100], b=[100], c=[100])
        rounds["B 64k"] = [dict.fromkeys(fairness.FIGURES) | {"ok": False, "errors": {"x": 1}}]
        result = fairness.evaluate(rounds, ["64k"], 2)
        self.assertFalse(result["fair"])
        self.assertFalse(result["ok"])


class Arrangements(unittest.TestCase):
    def test_measures_the_quiet_sessions_alone_once_a_round(self):
        keys = [each.key for each in fairness.arrangements_of(["64k", "64b"])]
        self.assertEqual(keys, ["A", "B 64k", "C 64k", "B 64b", "C 64b"])


@unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "the command line needs two cores")
class CommandLine(unittest.TestCase):
    def setUp(self):
        first, second = sorted(os.sched_getaffinity(0))[:2]
        self.cores = ["--gateway-core", str(first), "--load-core", str(second)]
        self.stderr = sys.stderr
        sys.stderr = open(os.devnull, "w", encoding="utf-8")

    def tearDown(self):
        sys.stderr.close()
        sys.stderr = self.stderr

    def test_takes_names_of_floods(self):
        self.assertEqual(fairness.parse_arguments([*self.cores, "--floods", "64b"]).floods, ["64b"])

    def test_refuses_what_cannot_be_measured(self):
        for words in (["--floods", "1m"], ["--rounds", "0"], ["--rate", "0"], ["--seconds", "-1"],
                      ["--gateway-core", self.cores[3]]):
            with self.subTest(words), self.assertRaises(SystemExit) as end:
                fairness.parse_arguments([*self.cores, *words])
            self.assertEqual(end.exception.code, 2)


if __name__ == "__main__":
    unittest.main()
