#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the ninja targets that the tests of some suites need: targets.py FOLDER SUITE..."""
import json
import os
import pathlib
import sys


def main():
    folder = os.path.realpath(sys.argv[1])
    suites = set(sys.argv[2:])
    about = pathlib.Path(folder) / 'meson-info'
    tests = json.loads((about / 'intro-tests.json').read_text())
    outputs = {target['id']: target['filename']
               for target in json.loads((about / 'intro-targets.json').read_text())}
    needed = set()
    for test in tests:
        if suites.intersection(name.split(':')[-1] for name in test['suite']):
            for target in test['depends']:
                needed.update(outputs.get(target, ()))
    for path in sorted(needed):
        print(os.path.relpath(path, folder))


if __name__ == '__main__':
    main()
