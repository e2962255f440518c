#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Plants bugs, one at a time, and expects the tests to find each.

    mutants.py [--build FOLDER] [--seeds N] [--part K/N] [NAME...]

Each file of mutants/ is a patch of production code, and its first line says what it breaks. In a
scratch copy of the tree (FOLDER/mutants, kept and synchronised) each is applied, `simulate` is
built, and one of the kept plans or of the seeds 1 to N must fail, with which `simulate` of the tree
as it is does well.
Where chance would have to be far luckier than a test that aims at the bug, a line "Found by:
PROGRAM FILTER" names that test instead (gtest). A mutant that survives is a check that is missing.
What found each stands behind its name. Prints TAP."""
import argparse
import collections
import concurrent.futures
import functools
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = 'tests/sim/simulate'
# What once failed, in the few plans that are kept, fails again sooner than by chance. With the path
# from ROOT, where all of this is run, since what has found a mutant is printed.
PLANS = [word for path in sorted((HERE / 'plans').iterdir())
         for word in ('--plan', str(path.relative_to(ROOT)))]
# What the scratch copy needs to be configured and to build the target.
WANTED = ('gateway/', 'uring/', 'tests/', 'tools/', 'meson.build', 'meson_options.txt')
# 40,000 seeds take about five minutes of a processor, which others may share.
LIMIT_SECONDS = 900


def files_of_tree():
    listed = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard', '-z'], cwd=ROOT,
                            capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        paths = listed.stdout.split('\0')
    else:
        paths = [str(path.relative_to(ROOT)) for path in ROOT.rglob('*') if path.is_file()]
    return [path for path in paths if path.startswith(WANTED) and (ROOT / path).is_file()]


def synchronise(scratch):
    """Writes only what differs, so that ninja builds only what changed."""
    wanted = set(files_of_tree())
    for path in wanted:
        source, copy = ROOT / path, scratch / path
        content = source.read_bytes()
        if not copy.is_file() or copy.read_bytes() != content:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)
            shutil.copymode(source, copy)
    for copy in scratch.rglob('*'):
        if copy.is_file() and str(copy.relative_to(scratch)) not in wanted:
            copy.unlink()


class Scratch:
    def __init__(self, folder):
        self.tree = folder / 'tree'
        self.build = folder / 'build'
        self.clean = folder / 'simulate-without-a-mutant'
        self.tree.mkdir(parents=True, exist_ok=True)
        synchronise(self.tree)
        if not (self.build / 'build.ninja').is_file():
            # Most mutants fail one of the first seeds: to compile them is what takes time.
            self.run(['meson', 'setup', '--optimization=0', '-Dbench=false', str(self.build),
                      str(self.tree)])

    def run(self, command):
        done = subprocess.run(['nice', *command], cwd=self.tree, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise RuntimeError(f'{" ".join(command)}: {done.stdout[-2000:]}')
        return done.stdout

    def compile(self, target):
        self.run(['ninja', '-C', str(self.build), '-j', str(min(2, os.cpu_count() or 1)), target])

    def keep(self, target, name):
        """Builds the target and keeps it under another name: the next mutant overwrites it."""
        self.compile(target)
        kept = self.build.parent / f'kept-{name}'
        shutil.copy2(self.build / target, kept)
        return kept

    def apply(self, patch):
        self.run(['patch', '-p1', '-f', '-s', '-F3', '--no-backup-if-mismatch', '-i', str(patch)])


def test(program, gtest_filter):
    """None if every test is well, else which failed first."""
    command = [str(program), f'--gtest_filter={gtest_filter}']
    done = subprocess.run(command, capture_output=True, text=True, errors='replace',
                          timeout=LIMIT_SECONDS, check=False)
    if not re.search(r'^\[==========\] Running [1-9]', done.stdout, re.M):
        raise RuntimeError(f'{" ".join(command)} runs no test')
    if done.returncode == 0:
        return None
    failed = re.findall(r'^\[ *(?:FAILED|RUN) *\] ([^\s,]+)', done.stdout, re.M)
    return failed[-1] if failed else f'exit {done.returncode}'


def first_failure(program, runs):
    """None if every one of the runs is well, else what failed first."""
    command = [str(program), *runs]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors='replace',
                              timeout=LIMIT_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        # WHY no find: a machine under load is slow without any bug.
        raise RuntimeError(f'the runs did not end within {LIMIT_SECONDS} s') from error
    if done.returncode == 0:
        return None
    found = re.search(r'^not ok \d+ - (.*)$', done.stdout, re.M)
    check = re.search(r'(\w+\.\w+:\d+: .*)$', done.stderr.strip())
    what = found.group(1) if found else f'exit {done.returncode}'
    return f'{what} ({check.group(1)})' if check and 'crashed' in what else what


def simulate(mutant, clean, seeds):
    """None if every plan and seed is well with the mutant, else what failed first."""
    found = first_failure(mutant, PLANS) or first_failure(mutant, ['--seeds', f'1..{seeds}'])
    if found is None:
        return None
    run = re.match(r'(?:seed )?(\S+?)(?=,| crashed)', found)
    if not run:
        raise RuntimeError(f'it fails with neither a plan nor a seed: {found}')
    # WHY only this one: nothing else is claimed, and all seeds would cost minutes.
    of = run.group(1)
    without = first_failure(clean, ['--seed' if of.isdigit() else '--plan', of])
    if without is not None:
        raise RuntimeError(f'it fails without the mutant, too: {without}')
    return found


def judge(run):
    """(whether it is as it should be, what to say); `run` returns what has found the mutant."""
    try:
        found = run()
    except RuntimeError as error:
        return False, '\n# ' + str(error).replace('\n', '\n# ')
    return found is not None, f': {found}' if found else ' survives'


def give_up(error):
    raise error


def plant(scratch, patch, clean, seeds):
    """Builds one mutant. What it returns looks for it, while others are built."""
    finder = re.search(r'^Found by: (\S+) (\S+)$', patch.read_text(), re.M)
    try:
        scratch.apply(patch)
        program = scratch.keep(finder.group(1) if finder else TARGET, patch.stem)
    except RuntimeError as error:
        return functools.partial(give_up, error)
    finally:
        synchronise(scratch.tree)

    def look():
        try:
            return test(program, finder.group(2)) if finder else simulate(program, clean, seeds)
        finally:
            program.unlink()

    return look


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', default=str(ROOT / 'build'))
    parser.add_argument('--seeds', type=int, default=40000)
    parser.add_argument('--part', default='1/1', help='of the mutants, by name, the Kth of each N')
    parser.add_argument('names', nargs='*')
    options = parser.parse_args()
    patches = sorted((HERE / 'mutants').glob('*.patch'))
    unknown = set(options.names) - {patch.stem for patch in patches}
    if unknown:
        parser.error(f'there is no mutant {", ".join(sorted(unknown))}')
    if options.names:
        patches = [patch for patch in patches if patch.stem in options.names]
    part, parts = (int(word) for word in options.part.split('/'))
    patches = patches[part - 1::parts]
    scratch = Scratch(pathlib.Path(options.build).resolve() / 'mutants')
    print(f'1..{len(patches)}', flush=True)
    clean = scratch.keep(TARGET, 'without-a-mutant')
    good = True
    waiting = collections.deque()
    with concurrent.futures.ThreadPoolExecutor(max_workers=1) as looking:
        for number, patch in enumerate([*patches, None], 1):
            if patch:
                look = plant(scratch, patch, clean, options.seeds)
                waiting.append((number, patch.stem, looking.submit(judge, look)))
            # One is looked for while the next is built, and no more are kept.
            while len(waiting) > (1 if patch else 0):
                of, name, verdict = waiting.popleft()
                is_right, text = verdict.result()
                print(f'{"ok" if is_right else "not ok"} {of} - {name}{text}', flush=True)
                good &= is_right
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
