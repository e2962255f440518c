#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every header compiles alone: who includes it needs nothing before it.

Where the .cc beside a header includes it before all else, the build has shown that already."""
import re
import sys

import jobs
import tree

# g++, as in the build: the header must also be free of the warnings that the build asks for.
COMMAND = ['g++', '-std=c++20', '-fsyntax-only', '-D_GNU_SOURCE',
           '-DRINGWAY_VERSION="0"', '-I.', '-Wall', '-Wextra', '-Werror', '-x', 'c++', '/dev/null',
           '-include']
DIAGNOSTIC = r'^([^:\n]+):(\d+):\d+: (?:fatal )?(?:error|warning): (.*)$'
FIRST_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*["<]([^">\n]+)[">]', re.M)


def is_shown_by_the_build(files, header):
    source = header.rsplit('.', 1)[0] + '.cc'
    # WHY not of tests: a precompiled header comes before what they include.
    if source not in files.paths or header.startswith('tests/'):
        return False
    first = FIRST_INCLUDE.search(tree.without_comments(files.text(source)))
    return first is not None and first.group(1) == header


def main():
    options = tree.arguments(__doc__)
    files = tree.Tree(options.root)
    headers = [path for path in files.cpp() if files.kind(path) == 'header']
    alone = [path for path in headers if not is_shown_by_the_build(files, path)]
    memory = jobs.Memory(files, options.build, 'headers')
    compiler = jobs.version(COMMAND[0])
    work = [(path, [*COMMAND, path], compiler) for path in alone]
    for path, code, output in jobs.run_all(work, memory, options.root):
        if code != 0:
            jobs.complain_of_output(files, path, output, DIAGNOSTIC)
    return files.finish(f'{len(headers)} headers, {len(alone)} of them without a source')


if __name__ == '__main__':
    sys.exit(main())
