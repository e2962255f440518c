#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Refuses text that breaks the house rules: licence line, white space, leftovers, names of types,
cards of rooms, and what lies in the root folder."""
import re
import sys

import tree

LICENCE = 'SPDX-License-Identifier: Apache-2.0'
LEFTOVERS = re.compile(r'\b(' + '|'.join(('TO' 'DO', 'FIX' 'ME', 'XX' 'X', 'HA' 'CK')) + r')\b')
# io_uring's own term for what tags a request.
TERMS = {'UserData'}
VAGUE = {'Manager', 'Helper', 'Util', 'Utils', 'Context', 'Data', 'Info', 'Process', 'Handle', 'Do',
         'Peer'}
TYPE_NAME = re.compile(
    r'\b(?:class|struct|union|concept|enum(?:\s+(?:class|struct))?)\s+'
    r'(?:\[\[[^\]]*\]\]\s*|alignas\s*\([^)]*\)\s*)*([A-Z]\w*)|\busing\s+([A-Z]\w*)\s*=')
WORD = re.compile(r'[A-Z]+(?![a-z])|[A-Z][a-z0-9]*')
# A question that nothing outside tests/sim may ask...
SIMULATED = re.compile(
    r'\bif\s*(?:constexpr\s*)?\([^{;]*?(?i:simulat)'
    r'|^[ \t]*#[ \t]*(?:el)?if[^\n]*(?:(?i:simulat)|(?<![A-Za-z])SIM(?![A-Za-z]))', re.M)
# ...and words that production code may not even hold: SimKernel, is_sim, IsSimulated, SIM_TIME.
OF_SIMULATION = re.compile(r'(?i:simulat)|Sim(?=[A-Z])|(?<![A-Za-z])(?:sim|SIM)(?![A-Za-z])')
PRODUCTION = ('gateway/', 'uring/', 'bpf/')

CARD_LINES_MAX = 40
ROOT_ENTRIES = {'meson.build', 'meson_options.txt', 'README.md', 'LICENSE', 'gateway', 'uring',
                'bpf', 'tests', 'bench', 'tools'}
HELD = ('header', 'source', 'script', 'meson', 'card')


def line_of(text, position):
    return text.count('\n', 0, position) + 1


def check_start(files, path, lines):
    """The licence stands in the first line, or in the second below a `#!`."""
    if files.kind(path) == 'card':
        return
    number = 1 if lines and lines[0].startswith('#!') else 0
    if len(lines) <= number or LICENCE not in lines[number]:
        files.complain(path, number + 1, f'the first line is to say {LICENCE}')
    if files.kind(path) == 'header' and '#pragma once' not in lines:
        files.complain(path, 1, 'a header has `#pragma once`')


def check_space(files, path, text, lines):
    for number, line in enumerate(lines, 1):
        if '\t' in line:
            files.complain(path, number, 'tab')
        if line != line.rstrip():
            files.complain(path, number, 'space at the end of the line')
    if not text.endswith('\n') or text.endswith('\n\n'):
        files.complain(path, max(len(lines), 1), 'a file ends with exactly one newline')


def check_words(files, path, text):
    for match in LEFTOVERS.finditer(text):
        files.complain(path, line_of(text, match.start()), f'{match.group(0)} is left over')
    if files.kind(path) not in ('header', 'source'):
        return
    code = tree.code_only(text)
    for match in TYPE_NAME.finditer(code):
        name = match.group(1) or match.group(2)
        if name in TERMS:
            continue
        for word in VAGUE.intersection(WORD.findall(name)):
            files.complain(path, line_of(code, match.start()), f'type {name}: {word} says nothing')
    check_simulation(files, path, text, code)


def check_simulation(files, path, text, code):
    """Nothing outside tests/sim behaves differently there; production code does not know of it."""
    if path.startswith('tests/sim/'):
        return
    found = [*SIMULATED.finditer(code)]
    if path.startswith(PRODUCTION):
        found += OF_SIMULATION.finditer(tree.without_comments(text))
    for match in found:
        files.complain(path, line_of(code, match.start()), 'only tests/sim knows whether something '
                       'is simulated')


def rooms(files):
    """The folders that owe a card: uring, bpf, tools, and each folder of gateway."""
    found = set()
    for path in files.paths:
        parts = path.split('/')
        if parts[0] in ('uring', 'bpf', 'tools') and len(parts) > 1:
            found.add(parts[0])
        elif parts[0] == 'gateway' and len(parts) > 2:
            found.add('/'.join(parts[:2]))
    return sorted(found)


def check_cards(files):
    for room in rooms(files):
        if f'{room}/README.md' not in files.paths:
            files.complain(f'{room}/README.md', 1, 'a room has a card')
    for path in files.paths:
        if path.endswith('/README.md'):
            count = len(files.text(path).splitlines())
            if count > CARD_LINES_MAX:
                files.complain(path, CARD_LINES_MAX + 1, f'a card of {count} lines, '
                               f'{CARD_LINES_MAX} at most')


def check_root(files):
    for entry in sorted({path.split('/')[0] for path in files.paths}):
        if not entry.startswith('.') and entry not in ROOT_ENTRIES:
            files.complain(entry, 1, 'the root folder does not hold this')


def main():
    options = tree.arguments(__doc__)
    files = tree.Tree(options.root)
    held = [path for path in files.paths if files.kind(path) in HELD]
    for path in held:
        text = files.text(path)
        lines = text.split('\n')[:-1] if text.endswith('\n') else text.split('\n')
        check_start(files, path, lines)
        check_space(files, path, text, lines)
        check_words(files, path, text)
    check_cards(files)
    check_root(files)
    return files.finish(f'{len(held)} files')


if __name__ == '__main__':
    sys.exit(main())
