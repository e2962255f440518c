#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every C++ file is as clang-format leaves it. To mend: clang-format -i FILE."""
import subprocess
import sys

import jobs
import tree

DIAGNOSTIC = r'^([^:\n]+):(\d+):\d+: (?:error|warning): (.*)$'


def main():
    options = tree.arguments(__doc__)
    files = tree.Tree(options.root)
    paths = files.cpp()
    if paths:
        done = subprocess.run(['clang-format', '--dry-run', '-Werror', *paths], cwd=options.root,
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            jobs.complain_of_output(files, paths[0], done.stderr, DIAGNOSTIC)
    return files.finish(f'{len(paths)} files')


if __name__ == '__main__':
    sys.exit(main())
