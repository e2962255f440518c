# SPDX-License-Identifier: Apache-2.0
"""What every lint needs: the files of the tree, their text, and one way to complain.

A lint walks the files that git would commit (tracked or new, never ignored). A tree without git
(an unpacked archive, a test's temporary folder) is walked as it lies, less what is built."""
import argparse
import pathlib
import re
import subprocess
import sys

HEADERS = {'.h', '.hpp'}
SOURCES = {'.cc', '.c', '.cpp'}
SCRIPTS = {'.py', '.sh', '.js', '.mjs', '.cjs', '.ts'}
NEVER_WALKED = re.compile(r'^(\.git|node_modules|__pycache__|build|build-.*|\.cache)$')


class Tree:
    """The files below `root`, as sorted paths relative to it, and the complaints about them."""

    def __init__(self, root):
        self.root = pathlib.Path(root).resolve()
        self.paths = self._list()
        self.complaints = []
        self._texts = {}

    def _list(self):
        if (self.root / '.git').exists():
            # The owner of a checkout may be another user than the one who checks it.
            listed = subprocess.run(
                ['git', '-c', 'safe.directory=*', '-C', str(self.root), 'ls-files', '-z', '-co',
                 '--exclude-standard'], capture_output=True, check=False)
            if listed.returncode == 0:
                names = set(listed.stdout.decode().split('\0')) - {''}
                return sorted(name for name in names if (self.root / name).is_file())
        found = []
        pending = [self.root]
        while pending:
            for entry in pending.pop().iterdir():
                if NEVER_WALKED.match(entry.name):
                    continue
                if entry.is_dir():
                    pending.append(entry)
                else:
                    found.append(entry.relative_to(self.root).as_posix())
        return sorted(found)

    def text(self, path):
        """The file's text; bytes that are no UTF-8 become U+FFFD."""
        if path not in self._texts:
            raw = (self.root / path).read_bytes()
            self._texts[path] = raw.decode('utf-8', errors='replace')
        return self._texts[path]

    def cpp(self):
        return [path for path in self.paths if suffix(path) in HEADERS | SOURCES]

    def kind(self, path):
        """'header', 'source', 'script' (Python, shell, JavaScript), 'meson', 'card' or 'other'."""
        ending = suffix(path)
        name = path.rsplit('/', 1)[-1]
        if ending in HEADERS:
            return 'header'
        if ending in SOURCES:
            return 'source'
        if ending in SCRIPTS:
            return 'script'
        if name in ('meson.build', 'meson_options.txt'):
            return 'meson'
        if ending == '.md':
            return 'card'
        if '.' not in name and (self.root / path).read_bytes()[:2] == b'#!':
            return 'script'
        return 'other'

    def complain(self, path, line, message):
        self.complaints.append(f'{path}:{line}: {message}')

    def finish(self, checked):
        """Prints the complaints, or one line that says what was checked; the exit code."""
        for complaint in dict.fromkeys(self.complaints):
            print(complaint)
        if self.complaints:
            print(f'complaints: {len(set(self.complaints))}')
            return 1
        print(f'{checked}: no complaint')
        return 0


def suffix(path):
    return pathlib.PurePosixPath(path).suffix


COMMENT_OR_LITERAL = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^\s()\\]{0,16})\(.*?\)(?P=mark)"'
    r'|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\'', re.S)


def _blank(piece):
    return re.sub(r'[^\n]', ' ', piece)


def code_only(text):
    """C++ text with comments and literals blanked out; lines and columns stay where they are."""
    def replace(match):
        piece = match.group(0)
        if piece.startswith('"') and _is_include(text, match.start()):
            return piece
        return _blank(piece)

    return COMMENT_OR_LITERAL.sub(replace, text)


def without_comments(text):
    """C++ text with only its comments blanked out."""
    return COMMENT_OR_LITERAL.sub(
        lambda match: _blank(match.group(0)) if match.group(0).startswith('/') else match.group(0),
        text)


def _is_include(text, position):
    begin = text.rfind('\n', 0, position) + 1
    return re.match(r'\s*#\s*include\s*$', text[begin:position]) is not None


def arguments(description):
    """Every lint takes the same two: the tree, and a build folder for databases and caches."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('--root', default=str(pathlib.Path(__file__).resolve().parents[2]),
                        help='the tree to check (default: the one that this file is in)')
    parser.add_argument('--build', default=None,
                        help='a configured build folder (default: build/ in the tree)')
    options = parser.parse_args()
    options.root = pathlib.Path(options.root).resolve()
    options.build = pathlib.Path(options.build or options.root / 'build').resolve()
    return options
