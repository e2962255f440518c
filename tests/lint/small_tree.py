# SPDX-License-Identifier: Apache-2.0
"""A temporary tree that every lint is content with, to plant one fault in."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CPP = '// SPDX-License-Identifier: Apache-2.0\n'
HASH = '# SPDX-License-Identifier: Apache-2.0\n'
TABLE = HASH + """rooms = [
  # room       may include          libraries
  ['base',     [],                  ['absl']],
  ['config',   ['base'],            ['toml++']],
  ['ws',       ['base'],            []],
  ['accept',   ['base', 'uring'],   ['liburing']],
]
"""
GOOD = {
    'meson.build': HASH,
    'gateway/meson.build': TABLE,
    'gateway/base/ids.h': CPP + '#pragma once\n\n#include <cstdint>\n\nusing Slot = uint32_t;\n',
    'gateway/ws/frame.cc': CPP + '#include "gateway/base/ids.h"\n\nSlot Zero() { return 0; }\n',
    'gateway/accept/accept.cc': CPP + '#include <liburing.h>\n#include <sys/socket.h>\n',
    'uring/ring.h': CPP + '#pragma once\n\n#include <cstdint>\n',
    **{f'{room}/README.md': f'# {room}\n' for room in
       ('gateway/base', 'gateway/ws', 'gateway/accept', 'uring')},
}


class SmallTree(unittest.TestCase):
    """A subclass names its `lint`; a case plants files and looks at what the lint says."""
    lint = ''

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for path, text in GOOD.items():
            self.plant(path, text)

    def plant(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def run_lint(self):
        return subprocess.run(
            [sys.executable, str(ROOT / 'tools' / 'lint' / f'{self.lint}.py'),
             '--root', str(self.root), '--build', str(self.root / 'build')],
            capture_output=True, text=True, check=False)

    def assert_content(self):
        done = self.run_lint()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def assert_complains(self, place, part):
        """The lint exits 1 with a line that begins with `place` and holds `part`."""
        done = self.run_lint()
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        lines = done.stdout.splitlines()
        self.assertTrue(any(line.startswith(place) and part in line for line in lines), done.stdout)
