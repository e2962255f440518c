# SPDX-License-Identifier: Apache-2.0
"""tools/lib/report.py counts cases: no crash, leak, timeout or empty suite passes for a success."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

REPORT = pathlib.Path(__file__).resolve().parents[2] / 'tools' / 'lib' / 'report.py'
PROGRAMS = ('gtest', 'tap', 'exitcode')


def run(program, output, result='OK', returncode=0, stderr=''):
    return {'name': f'ringway:unit / {program}', 'stdout': output, 'stderr': stderr,
            'result': result, 'returncode': returncode, 'command': [program], 'duration': 1.0}


class Report(unittest.TestCase):

    def counts(self, *runs, arguments=()):
        """(exit code, last line, whole output) of a report over one suite with these programs."""
        with tempfile.TemporaryDirectory() as folder:
            log = pathlib.Path(folder) / 'log.json'
            log.write_text(''.join(json.dumps(one) + '\n' for one in runs))
            tests = pathlib.Path(folder) / 'intro-tests.json'
            tests.write_text(json.dumps([{'name': name, 'suite': ['ringway:unit'],
                                          'protocol': name} for name in PROGRAMS]))
            out = str(pathlib.Path(folder) / 'out')
            subprocess.run([sys.executable, str(REPORT), 'add', out, '--name', 'unit',
                            '--log', str(log), '--tests', str(tests), '--suite', 'unit',
                            *arguments], check=True)
            done = subprocess.run([sys.executable, str(REPORT), 'print', out],
                                  capture_output=True, text=True, check=False)
            return done.returncode, done.stdout.splitlines()[-1], done.stdout

    def test_counts_each_gtest_case(self):
        code, last, text = self.counts(run(
            'gtest', '[ RUN      ] A.Passes\n[       OK ] A.Passes (0 ms)\n'
            '[ RUN      ] A.Fails\nwhy.cc:3: Failure\n[  FAILED  ] A.Fails (3 ms)\n'
            '[ RUN      ] A.Skips\nno kernel\n[  SKIPPED ] A.Skips (0 ms)\n'
            '[ RUN      ] P/B.Fails/1\n[  FAILED  ] P/B.Fails/1, where GetParam() = 7 (3 ms)\n'
            '[  FAILED  ] 2 tests, listed below:\n[  FAILED  ] A.Fails\n',
            'FAIL', 1))
        self.assertEqual((code, last), (1, '1 passed, 2 failed, 1 skipped'))
        self.assertIn('why.cc:3', text)
        self.assertIn('no kernel', text)

    def test_a_crash_fails_the_case_that_ran(self):
        _, last, text = self.counts(run('gtest', '[ RUN      ] A.A\n[       OK ] A.A (0 ms)\n'
                                        '[ RUN      ] A.Crashes\nSegmentation fault\n',
                                        'ERROR', -11))
        self.assertEqual(last, '1 passed, 1 failed, 0 skipped')
        self.assertIn('A.Crashes', text)

    def test_a_leak_after_the_last_case_fails(self):
        code, last, _ = self.counts(run('gtest', '[ RUN      ] A.A\n[       OK ] A.A (0 ms)\n'
                                        'leaked\n', 'FAIL', 23))
        self.assertEqual((code, last), (1, '1 passed, 1 failed, 0 skipped'))

    def test_a_program_without_cases_fails(self):
        self.assertEqual(self.counts(run('gtest', '0 tests\n'))[1],
                         '0 passed, 1 failed, 0 skipped')

    def test_counts_each_tap_line(self):
        code, last, text = self.counts(run(
            'tap', '1..4\nok 1 - a\nnot ok 2 - b\nok 3 - c # SKIP no redis\nok 4\n',
            'FAIL', 0, stderr='trace\n'))
        self.assertEqual((code, last), (1, '2 passed, 1 failed, 1 skipped'))
        self.assertIn('no redis', text)
        self.assertIn('trace', text)

    def test_tap_that_ends_early_fails(self):
        self.assertEqual(self.counts(run('tap', '1..4\nok 1 - a\n', 'ERROR', 1))[1],
                         '1 passed, 1 failed, 0 skipped')

    def test_a_plain_program_is_one_case(self):
        self.assertEqual(self.counts(run('exitcode', 'fine'))[:2],
                         (0, '1 passed, 0 failed, 0 skipped'))
        self.assertEqual(self.counts(run('exitcode', '', 'TIMEOUT', -15))[1],
                         '0 passed, 1 failed, 0 skipped')

    def test_only_skips_are_no_success(self):
        code, last, text = self.counts(run('exitcode', 'needs root\n', 'SKIP', 77))
        self.assertEqual((code, last), (1, '0 passed, 0 failed, 1 skipped'))
        self.assertIn('needs root', text)

    def test_an_empty_suite_fails(self):
        self.assertEqual(self.counts()[:2], (1, '0 passed, 1 failed, 0 skipped'))

    def test_a_suite_out_of_time_fails(self):
        self.assertEqual(self.counts(run('exitcode', 'fine'), arguments=['--failed', 'late'])[:2],
                         (1, '1 passed, 1 failed, 0 skipped'))
