#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Counts what the suites did, by test case, and prints the end of a test run.

    report.py add OUT --name NAME [--seconds N] [--failed TEXT] [--skipped TEXT]
                      [--log LOG --tests TESTS --suite SUITE]
    report.py print OUT

`add` appends one run of a suite to OUT; LOG is the .json that `meson test` leaves (one line for
each program), TESTS is meson's intro-tests.json, which knows what each program prints.
`print` prints the log's tail of each failure, the reason of each skip, a table and, last,
`N passed, N failed, N skipped`; it exits 0 only if something passed and nothing failed.

A program's cases are read from what it printed, GoogleTest's lines or TAP. A program that ends
badly without a failed case (a crash, a leak, a timeout) is itself one failed case; so is a program
that ran no case, for then nobody knows what it proved."""
import argparse
import json
import pathlib
import re
import sys

TAIL_LINES = 40

GTEST_BEGIN = re.compile(r'\[ RUN      \] (\S+)$')
GTEST_END = re.compile(r'\[(       OK |  FAILED  |  SKIPPED )\] ([^\s,]+).*\(\d+ ms\)$')
TAP_CASE = re.compile(r'^(not )?ok\b\s*\d*\s*-?\s*(.*?)\s*(?:#\s*(skip|todo)\S*\s*(.*))?$', re.I)
TAP_NOTHING = re.compile(r'^1\.\.0(?:\s*#\s*skip\S*\s*(.*))?$', re.M | re.I)


def case(name, verdict, lines=()):
    return {'name': name, 'verdict': verdict, 'text': '\n'.join(list(lines)[-TAIL_LINES:])}


def gtest_cases(output):
    verdicts = {'       OK ': 'passed', '  FAILED  ': 'failed', '  SKIPPED ': 'skipped'}
    running = None
    lines = []
    for line in output.splitlines():
        begin = GTEST_BEGIN.search(line)
        end = GTEST_END.search(line)
        if begin:
            running = begin.group(1)
            lines = []
        elif end and end.group(2) == running:
            yield case(running, verdicts[end.group(1)], lines)
            running = None
        else:
            lines.append(line)
    if running:
        yield case(running, 'failed', [*lines, 'the program ended inside this case'])


def tap_cases(output, errors):
    lines = []
    for line in output.splitlines():
        found = TAP_CASE.match(line)
        if not found:
            lines.append(line)
            continue
        bad, name, directive, reason = found.groups()
        skipped = directive is not None and directive.lower() == 'skip'
        verdict = 'skipped' if skipped else 'failed' if bad else 'passed'
        tail = [reason] if skipped else [*lines, *errors.splitlines()] if bad else []
        yield case(name or 'unnamed', verdict, tail)
        lines = []


def protocols(path, suite):
    """{program: 'gtest', 'tap' or 'exitcode'} of one suite."""
    tests = json.loads(pathlib.Path(path).read_text())
    return {test['name']: test['protocol'] for test in tests
            if suite in [name.split(':')[-1] for name in test['suite']]}


def program_cases(run, protocol):
    """The cases of one program, `run` being its line of meson's log."""
    output = run.get('stdout') or ''
    errors = run.get('stderr') or ''
    whole = [*output.splitlines(), *errors.splitlines()]
    cases = []
    if protocol == 'gtest':
        cases = list(gtest_cases(output))
    elif protocol == 'tap':
        cases = list(tap_cases(output, errors))
    if run['result'] == 'SKIP' and not cases:
        nothing = TAP_NOTHING.search(output)
        said = [line for line in whole if line.strip()][-1:] or ['no reason given']
        return [case('', 'skipped', [nothing.group(1)] if nothing and nothing.group(1) else said)]
    good = run['result'] in ('OK', 'EXPECTEDFAIL', 'SKIP')
    if not good and all(one['verdict'] != 'failed' for one in cases):
        end = f'{run["result"]}: the program ended with {run["returncode"]}'
        cases.append(case('', 'failed', [*whole, end]))
    elif good and not cases:
        cases.append(case('', 'passed') if protocol == 'exitcode'
                     else case('', 'failed', [*whole, 'ran no case']))
    return cases


def add(options):
    cases = []
    log = pathlib.Path(options.log) if options.log else None
    if log and log.exists():
        known = protocols(options.tests, options.suite)
        for line in log.read_text().splitlines():
            run = json.loads(line)
            program = run['name'].split(' / ')[-1]
            for one in program_cases(run, known[program]):
                one['name'] = f'{program}: {one["name"]}' if one['name'] else program
                cases.append(one)
    cases += [case(options.name, 'failed', [text]) for text in options.failed]
    cases += [case(options.name, 'skipped', [text]) for text in options.skipped]
    if not cases:
        cases.append(case(options.name, 'failed', ['the suite holds no test']))
    row = {'name': options.name, 'seconds': options.seconds, 'cases': cases}
    with open(options.out, 'a', encoding='utf-8') as out:
        out.write(json.dumps(row) + '\n')


def count(rows, verdict):
    return sum(one['verdict'] == verdict for row in rows for one in row['cases'])


def print_all(options):
    out = pathlib.Path(options.out)
    rows = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    for row in rows:
        for one in row['cases']:
            if one['verdict'] == 'failed':
                print(f'\n---- failed: {row["name"]} / {one["name"]}\n{one["text"]}')
    skips = [f'{row["name"]} / {one["name"]}: {one["text"].strip() or "no reason given"}'
             for row in rows for one in row['cases'] if one['verdict'] == 'skipped']
    if skips:
        print('\nskipped:')
        print('\n'.join('  ' + skip.replace('\n', ' ') for skip in skips))
    print(f'\n{"suite":<24}{"passed":>8}{"failed":>8}{"skipped":>8}{"seconds":>9}')
    for row in rows:
        print(f'{row["name"]:<24}{count([row], "passed"):>8}{count([row], "failed"):>8}'
              f'{count([row], "skipped"):>8}{row["seconds"]:>9}')
    passed, failed = count(rows, 'passed'), count(rows, 'failed')
    print(f'\n{passed} passed, {failed} failed, {count(rows, "skipped")} skipped')
    return 0 if passed and not failed else 1


def main():
    parser = argparse.ArgumentParser(description='Counts test cases; see the top of the file.')
    actions = parser.add_subparsers(dest='action', required=True)
    adding = actions.add_parser('add')
    adding.add_argument('out')
    adding.add_argument('--name', required=True)
    adding.add_argument('--seconds', type=int, default=0)
    adding.add_argument('--log')
    adding.add_argument('--tests')
    adding.add_argument('--suite')
    adding.add_argument('--failed', action='append', default=[])
    adding.add_argument('--skipped', action='append', default=[])
    actions.add_parser('print').add_argument('out')
    options = parser.parse_args()
    if options.action == 'print':
        return print_all(options)
    add(options)
    return 0


if __name__ == '__main__':
    sys.exit(main())
