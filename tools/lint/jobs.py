# SPDX-License-Identifier: Apache-2.0
"""Runs one command for each file, a few at a time, and remembers which files were found good.

The memory is a folder of empty files, each named by a hash over all that the verdict depends on:
the command, the file, every file of this tree that it includes, and the settings. A file that was
found bad is never remembered, so it is checked again until it is good."""
import concurrent.futures
import hashlib
import os
import re
import subprocess


QUOTED = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"', re.M)


def closure(files, path):
    """`path` and every file of the tree that it includes, directly or not."""
    known = set(files.paths)
    seen = {path}
    pending = [path]
    while pending:
        for include in QUOTED.findall(files.text(pending.pop())):
            if include in known and include not in seen:
                seen.add(include)
                pending.append(include)
    return sorted(seen)


class Memory:
    """The verdicts of one lint, below the build folder. Without a build folder nothing is kept."""

    def __init__(self, files, build, name):
        self.files = files
        self.folder = build / '.lint' / name if build.is_dir() else None

    def key(self, paths, command, settings):
        digest = hashlib.sha256('\0'.join([*command, settings]).encode())
        for part in sorted({part for path in paths for part in closure(self.files, path)}):
            digest.update(f'\0{part}\0{self.files.text(part)}'.encode())
        return digest.hexdigest()

    def is_good(self, key):
        return self.folder is not None and (self.folder / key).exists()

    def keep(self, key):
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / key).touch()


def version(tool):
    """What the tool says of itself: another version may judge otherwise."""
    done = subprocess.run([tool, '--version'], capture_output=True, text=True, check=False)
    return done.stdout


def run_here(command, folder):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def at_once(run, work):
    """What `run` returns for each item of `work`, as it comes; one item a processor at a time."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for future in concurrent.futures.as_completed([pool.submit(run, item) for item in work]):
            yield future.result()


def run_all(work, memory, cwd):
    """`work`: triples of a path, a command, and whatever else the verdict depends on, as a string.
    Yields path, exit code and output of those that had to run; one command a processor at a time.
    """
    def run(item):
        path, command, settings = item
        key = memory.key([path], command, settings)
        if memory.is_good(key):
            return path, None, ''
        done = run_here(command, cwd)
        if done.returncode == 0:
            memory.keep(key)
        return path, done.returncode, done.stdout + done.stderr

    for path, code, output in at_once(run, work):
        if code is not None:
            yield path, code, output


def complain_of_output(files, path, output, pattern, build=None):
    """Turns a compiler's lines that match `pattern` (file, line, message) into complaints; when
    none does, the output's end is the complaint. Paths are relative to the root or to `build`."""
    found = False
    for file, line, message in re.findall(pattern, output, re.M):
        base = build if file.startswith('..') and build else files.root
        files.complain(os.path.relpath(os.path.realpath(base / file), files.root), line, message)
        found = True
    if not found:
        files.complain(path, 1, ' / '.join(output.strip().splitlines()[-5:]) or 'no output')
