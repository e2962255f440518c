#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every header compiles alone: who includes it needs nothing before it."""
import sys

import jobs
import tree

# g++, as in the build: the header must also be free of the warnings that the build asks for.
COMMAND = ['g++', '-std=c++20', '-fsyntax-only', '-D_GNU_SOURCE',
           '-DRINGWAY_VERSION="0"', '-I.', '-Wall', '-Wextra', '-Werror', '-x', 'c++', '/dev/null',
           '-include']
DIAGNOSTIC = r'^([^:\n]+):(\d+):\d+: (?:fatal )?(?:error|warning): (.*)$'


def main():
    options = tree.arguments(__doc__)
    files = tree.Tree(options.root)
    headers = [path for path in files.cpp() if files.kind(path) == 'header']
    memory = jobs.Memory(files, options.build, 'headers')
    compiler = jobs.version(COMMAND[0])
    work = [(path, [*COMMAND, path], compiler) for path in headers]
    for path, code, output in jobs.run_all(work, memory, options.root):
        if code != 0:
            jobs.complain_of_output(files, path, output, DIAGNOSTIC)
    return files.finish(f'{len(headers)} headers')


if __name__ == '__main__':
    sys.exit(main())
