#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs clang-tidy over every .cc that the build compiles, with the build's own flags.

Most of its time goes into headers, which the files of a folder share. So up to ten of them are
read as one translation unit; where it complains of that, or where their names collide, each half is
tried on its own, down to the single file, whose complaint counts. What was found good before, with
the same text, includes and settings, is not run again. A .cc of ours that the build does not
compile is a complaint: nobody would look at it.

With --all it also runs over tests, file by file, and its analyzer follows calls as deep as it can.
Without, it does neither: the test command has to end in 25 minutes on two cores."""
import hashlib
import json
import os
import re
import shlex
import sys

import jobs
import tree

BY_HAND = ('tests/',)
AT_ONCE = 10
SHALLOW = [f'--extra-arg={word}'
           for word in ('-Xclang', '-analyzer-config', '-Xclang', 'mode=shallow')]
DIAGNOSTIC = r'^([^:\n]+):(\d+):\d+: (?:error|warning): (.*)$'
# Options of a compile command that say what is written, each with its value.
OF_OUTPUT = {'-o', '-MF', '-MQ', '-c'}
# A constant, a type or a function that begins in the first column.
OF_FILE = re.compile(r'^(?:(?:constexpr|const) .*?(\w+)(?:\[\w*\])* ?[={]'
                     r'|(?:struct|class|enum|enum class) (\w+) [{:]|\w[^(\n]*[ *&](\w+)\()', re.M)


def flags_of(command):
    """What decides how the compiler reads a file; not the file, nor what is written where."""
    words = shlex.split(command)[1:]
    return [word for word, before in zip(words, ['', *words])
            if word not in OF_OUTPUT and before not in OF_OUTPUT and word != '-MD'
            and not (word.startswith('-I') and word.endswith('.p'))]


def read_database(files, build):
    """{path: its flags} of the tree; None and a complaint without a database."""
    try:
        entries = json.loads((build / 'compile_commands.json').read_text())
    except (OSError, ValueError) as error:
        files.complain('compile_commands.json', 1, f'no compile database in {build}: {error}')
        return None
    flags = {}
    for entry in entries:
        absolute = os.path.realpath(os.path.join(entry['directory'], entry['file']))
        flags[os.path.relpath(absolute, files.root)] = flags_of(entry['command'])
    return flags


def settings(files):
    """All that decides what clang-tidy says but the sources: a change checks every file again."""
    ours = '\0'.join(files.text(path) for path in files.paths if path.endswith('.clang-tidy'))
    return ours + jobs.version('clang-tidy')


def names_in(text):
    """What a source defines at file scope, as far as a line tells: two of one name collide."""
    return {name for match in OF_FILE.findall(tree.code_only(text)) for name in match if name}


def groups_of(files, paths, flags, at_once):
    """Lists of at most `at_once` paths, of one folder and with the same flags, names apart."""
    groups = {}
    for path in paths:
        names = names_in(files.text(path))
        alike = groups.setdefault((os.path.dirname(path), *flags[path]), [])
        for members, taken in alike:
            if len(members) < at_once and not names & taken:
                members.append(path)
                taken |= names
                break
        else:
            alike.append(([path], names))
    return [members for alike in groups.values() for members, _ in alike]


class Runner:
    """Runs clang-tidy over one group of files, and over its halves where that is not good."""

    def __init__(self, files, build, depth):
        self.files = files
        self.build = build
        self.depth = depth
        self.memory = jobs.Memory(files, build, 'tidy')
        self.settings = settings(files)

    def run(self, group, flags):
        """How many files it ran over, and [(path, output)] of those with a complaint."""
        key = self.memory.key(group, [*self.depth, *flags], self.settings)
        if self.memory.is_good(key):
            return 0, []
        source = self.files.root / group[0] if len(group) == 1 else self.unit(group)
        done = jobs.run_here(['clang-tidy', '--quiet', *self.depth, str(source), '--', *flags],
                             self.build)
        if done.returncode == 0:
            self.memory.keep(key)
            return len(group), []
        if len(group) == 1:
            return 1, [(group[0], done.stdout + done.stderr)]
        middle = len(group) // 2
        halves = [self.run(half, flags) for half in (group[:middle], group[middle:])]
        return sum(ran for ran, _ in halves), [bad for _, found in halves for bad in found]

    def unit(self, group):
        """A file that includes all of the group. It lies where the tree's .clang-tidy is found."""
        folder = self.build / '.lint' / 'units'
        folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256('\0'.join(group).encode()).hexdigest()
        path = folder / f'{name}.cc'
        path.write_text(''.join(
            f'#include "{self.files.root / member}"  // NOLINT(bugprone-suspicious-include)\n'
            for member in group))
        return path


def main():
    everything = '--all' in sys.argv
    sys.argv = [word for word in sys.argv if word != '--all']
    options = tree.arguments(__doc__)
    files = tree.Tree(options.root)
    flags = read_database(files, options.build)
    if flags is None:
        return files.finish('')
    sources = [path for path in files.cpp()
               if files.kind(path) == 'source' and path.endswith('.cc')]
    for path in sources:
        if path not in flags:
            files.complain(path, 1, 'the build does not compile this file')
    chosen = [path for path in sources
              if path in flags and (everything or not path.startswith(BY_HAND))]
    work = groups_of(files, chosen, flags, 1 if everything else AT_ONCE)
    # The largest first, so that none is left alone at the end.
    work.sort(key=lambda group: -len(jobs.closure(files, group[0])) * len(group))
    runner = Runner(files, options.build, [] if everything else SHALLOW)
    ran = 0
    for count, found in jobs.at_once(lambda group: runner.run(group, flags[group[0]]), work):
        ran += count
        for path, output in found:
            jobs.complain_of_output(files, path, output, DIAGNOSTIC, options.build)
    return files.finish(f'{len(chosen)} files, {ran} of them run')


if __name__ == '__main__':
    sys.exit(main())
