#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that each lint can fail: runs the cases of this folder and prints TAP, one line a case."""
import pathlib
import sys
import unittest


class TapResult(unittest.TestResult):
    """Prints `ok` and `not ok` as the cases end; a case's name is its sentence."""

    def __init__(self):
        super().__init__()
        self.count = 0
        self.broken = None

    def say(self, verdict, test, directive='', text=''):
        self.count += 1
        for line in text.splitlines():
            print(f'# {line}')
        name = test.id().split('.', 1)[-1].replace('_', ' ')
        print(f'{verdict} {self.count} - {name}{directive}', flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.say('ok', test)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None and self.broken is not test:
            # Of several bad parts the first speaks; unittest reports no more for this case.
            self.broken = test
            text = (self.failures + self.errors)[-1][1]
            self.say('not ok', test, text=f'{subtest}\n{text}')

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.say('ok', test, f' # SKIP {reason}')

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.say('not ok', test, text=self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.say('not ok', test, text=self.errors[-1][1])


def main():
    here = pathlib.Path(__file__).resolve().parent
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(here))
    suite = unittest.defaultTestLoader.discover(str(here), pattern='*_test.py')
    print(f'1..{suite.countTestCases()}', flush=True)
    result = TapResult()
    suite.run(result)
    return 0 if result.wasSuccessful() and result.count else 1


if __name__ == '__main__':
    sys.exit(main())
