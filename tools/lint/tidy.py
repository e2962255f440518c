#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs clang-tidy over every .cc that the build compiles, with the build's own commands.

A full run takes minutes; files whose text, includes and settings were found good before are not run
again. A .cc of ours that the build does not compile is a complaint: nobody would look at it.

With --all it also runs over tests, and its analyzer follows calls as deep as it can. Without, it
does neither: tests are more than half of the files, depth is two thirds of the time, and the test
command has to end in 25 minutes on two cores."""
import json
import os
import sys

import jobs
import tree

BY_HAND = ('tests/',)
SHALLOW = [f'--extra-arg={word}'
           for word in ('-Xclang', '-analyzer-config', '-Xclang', 'mode=shallow')]
DIAGNOSTIC = r'^([^:\n]+):(\d+):\d+: (?:error|warning): (.*)$'


def read_database(files, build):
    """{path: its compile command} of the tree; None and a complaint without a database."""
    try:
        entries = json.loads((build / 'compile_commands.json').read_text())
    except (OSError, ValueError) as error:
        files.complain('compile_commands.json', 1, f'no compile database in {build}: {error}')
        return None
    commands = {}
    for entry in entries:
        absolute = os.path.realpath(os.path.join(entry['directory'], entry['file']))
        commands[os.path.relpath(absolute, files.root)] = entry['command']
    return commands


def settings(files):
    """All that decides what clang-tidy says but the sources: a change checks every file again."""
    ours = '\0'.join(files.text(path) for path in files.paths if path.endswith('.clang-tidy'))
    return ours + jobs.version('clang-tidy')


def main():
    everything = '--all' in sys.argv
    sys.argv = [word for word in sys.argv if word != '--all']
    options = tree.arguments(__doc__)
    files = tree.Tree(options.root)
    commands = read_database(files, options.build)
    if commands is None:
        return files.finish('')
    sources = [path for path in files.cpp() if files.kind(path) == 'source']
    for path in sources:
        if path.endswith('.cc') and path not in commands:
            files.complain(path, 1, 'the build does not compile this file')
    depth = [] if everything else SHALLOW
    decides = settings(files)
    work = [(path, ['clang-tidy', '--quiet', '-p', str(options.build), *depth, path],
             decides + commands[path])
            for path in sources
            if path in commands and (everything or not path.startswith(BY_HAND))]
    # The largest first, so that none is left alone at the end.
    work.sort(key=lambda item: -len(jobs.closure(files, item[0])))
    memory = jobs.Memory(files, options.build, 'tidy')
    ran = 0
    for path, code, output in jobs.run_all(work, memory, options.root):
        ran += 1
        if code != 0:
            jobs.complain_of_output(files, path, output, DIAGNOSTIC, options.build)
    return files.finish(f'{len(work)} files, {ran} of them run')


if __name__ == '__main__':
    sys.exit(main())
