# SPDX-License-Identifier: Apache-2.0
"""The lints that ask a compiler pass its complaints on: headers, format, tidy."""
import json
import os
import shutil
import unittest

from small_tree import CPP, ROOT, SmallTree


class Headers(SmallTree):
    lint = 'headers'

    def test_content_with_a_good_tree(self):
        self.assert_content()

    def test_refuses_a_header_that_needs_another_before_it(self):
        self.plant('uring/ring.h', CPP + '#pragma once\nstd::string name;\n')
        self.assert_complains('uring/ring.h:3:', 'std')

    def test_refuses_a_header_again_when_what_it_includes_breaks(self):
        (self.root / 'build').mkdir()
        self.plant('gateway/ws/a.h', CPP + '#pragma once\n#include "uring/ring.h"\nRing* ring;\n')
        self.plant('uring/ring.h', CPP + '#pragma once\nstruct Ring;\n')
        self.assert_content()
        self.plant('uring/ring.h', CPP + '#pragma once\nstruct Circle;\n')
        self.assert_complains('gateway/ws/a.h:4:', 'Ring')


@unittest.skipUnless(shutil.which('clang-format'), 'clang-format is not installed')
class Format(SmallTree):
    lint = 'format'

    def setUp(self):
        super().setUp()
        shutil.copy(ROOT / '.clang-format', self.root)

    def test_content_with_a_good_tree(self):
        self.assert_content()

    def test_refuses_what_clang_format_would_change(self):
        self.plant('uring/ring.cc', CPP + 'int   a=1;\n')
        self.assert_complains('uring/ring.cc:2:', 'clang-format')


@unittest.skipUnless(shutil.which('clang-tidy'), 'clang-tidy is not installed')
class Tidy(SmallTree):
    lint = 'tidy'

    def setUp(self):
        super().setUp()
        shutil.copy(ROOT / '.clang-tidy', self.root)
        (self.root / 'gateway/accept/accept.cc').unlink()
        self.compile(['gateway/ws/frame.cc'])

    def compile(self, sources):
        entries = [{'directory': str(self.root / 'build'), 'file': os.path.join('..', source),
                    'command': f'c++ -I.. -std=c++20 -c ../{source}'} for source in sources]
        self.plant('build/compile_commands.json', json.dumps(entries))

    def test_content_with_a_good_tree(self):
        self.assert_content()

    def test_refuses_a_name_in_another_style(self):
        self.plant('gateway/ws/frame.cc', CPP + 'int read_frame() { return 0; }\n')
        self.assert_complains('gateway/ws/frame.cc:2:', 'readability-identifier-naming')

    def test_refuses_a_use_after_move(self):
        self.plant('gateway/ws/frame.cc', CPP + '#include <string>\n#include <utility>\n'
                   'size_t Length(std::string text) {\n'
                   '  const std::string taken(std::move(text));\n'
                   '  return taken.size() + text.size();\n}\n')
        self.assert_complains('gateway/ws/frame.cc:6:', 'bugprone-use-after-move')

    def test_refuses_a_source_that_nobody_compiles(self):
        self.plant('gateway/ws/lost.cc', CPP)
        self.assert_complains('gateway/ws/lost.cc:1:', 'does not compile this file')

    def test_runs_only_what_changed(self):
        self.assertIn('1 of them run', self.run_lint().stdout)
        self.assertIn('0 of them run', self.run_lint().stdout)
        self.plant('gateway/base/ids.h', CPP + '#pragma once\nusing Slot = unsigned;\n')
        self.assertIn('1 of them run', self.run_lint().stdout)

    def test_complains_without_a_database(self):
        (self.root / 'build/compile_commands.json').unlink()
        self.assert_complains('compile_commands.json:1:', 'no compile database')
