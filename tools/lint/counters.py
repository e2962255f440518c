#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The census of counters, as far as a text tells: each that the simulation's seeds do not move is
named with a test that moves it, and that test names the counter. The seeds themselves are counted
by `simulate --census`."""
import re
import sys

import tree

COUNTERS = 'gateway/base/counters.h'
UNMOVED = 'tests/sim/unmoved_counters'
COUNTER = re.compile(r'^\s*X\((\w+),', re.M)


def main():
    options = tree.arguments(__doc__)
    files = tree.Tree(options.root)
    if COUNTERS not in files.paths or UNMOVED not in files.paths:
        return files.finish('no counters')
    counters = set(COUNTER.findall(files.text(COUNTERS)))
    checked = 0
    for number, line in enumerate(files.text(UNMOVED).splitlines(), 1):
        if not line or line.startswith('#'):
            continue
        checked += 1
        counter, _, test = line.partition(' ')
        if counter not in counters:
            files.complain(UNMOVED, number, f'{COUNTERS} has no counter {counter}')
        elif test not in files.paths:
            files.complain(UNMOVED, number, f'no test moves {counter}: there is no file "{test}"')
        elif not re.search(rf'\b{counter}\b', files.text(test)):
            files.complain(UNMOVED, number, f'{test} does not mention {counter}')
    return files.finish(f'{checked} counters that seeds do not move')


if __name__ == '__main__':
    sys.exit(main())
