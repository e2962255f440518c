# SPDX-License-Identifier: Apache-2.0
"""The text lint refuses what breaks the house rules."""
from small_tree import CPP, HASH, SmallTree


class Text(SmallTree):
    lint = 'text'

    def plant_source(self, text):
        self.plant('uring/ring.cc', CPP + text)

    def test_content_with_a_good_tree(self):
        self.assert_content()

    def test_refuses_a_file_without_its_licence(self):
        self.plant('uring/ring.cc', '// Ring.\n')
        self.assert_complains('uring/ring.cc:1:', 'SPDX')
        self.plant('uring/ring.cc', CPP)
        self.plant('tools/go', '#!/usr/bin/env bash\necho\n')
        self.plant('tools/README.md', '# tools\n')
        self.assert_complains('tools/go:2:', 'SPDX')

    def test_refuses_a_header_without_its_guard(self):
        self.plant('uring/ring.h', CPP + 'int a;\n')
        self.assert_complains('uring/ring.h:1:', '#pragma once')

    def test_refuses_tabs_and_trailing_space(self):
        self.plant_source('int a;\n\tint b;\nint c; \n')
        self.assert_complains('uring/ring.cc:3:', 'tab')
        self.assert_complains('uring/ring.cc:4:', 'space at the end')

    def test_refuses_a_missing_or_doubled_final_newline(self):
        for end in ('int a;', 'int a;\n\n'):
            with self.subTest(end):
                self.plant_source(end)
                self.assert_complains('uring/ring.cc:', 'exactly one newline')

    def test_refuses_what_is_left_over(self):
        for word in ('TO' 'DO', 'FIX' 'ME', 'XX' 'X', 'HA' 'CK'):
            with self.subTest(word):
                self.plant('meson.build', HASH + f'# {word}: later\n')
                self.assert_complains('meson.build:2:', word)

    def test_refuses_names_that_say_nothing(self):
        for declaration in ('class RingManager {};', 'struct FrameInfo;', 'enum class PeerKind {};',
                            'struct [[nodiscard]] HandleTable {};', 'using Data = int;',
                            'template <class Context>\nvoid F();', 'class DoSend {};'):
            with self.subTest(declaration):
                self.plant_source(declaration + '\n')
                self.assert_complains('uring/ring.cc:2:', 'says nothing')

    def test_lets_names_be_that_only_contain_such_a_word(self):
        self.plant_source('class Database {};\nstruct Domain;\n// class Manager\n'
                          'class Handler {};\nstruct Processor;\n')
        self.assert_content()

    def test_refuses_production_code_that_asks_for_a_simulation(self):
        for line in ('if (kernel.IsSimulated()) return;', 'if constexpr (kSimulation) return;',
                     'if (a &&\n      simulated) return;', '#ifdef RINGWAY_SIM', '#if SIM_TIME > 0',
                     '#  elif defined(UNDER_SIMULATION)', '#ifndef SIM',
                     'auto* sim = dynamic_cast<SimKernel*>(&kernel);', 'a = b ? Simulate() : 0;',
                     'const bool is_sim = false;', 'using sim::Clock;',
                     'F(getenv("RINGWAY_SIM"));', 'F("a simulated kernel");',
                     '#include "tests/sim/sim_kernel.h"'):
            for path in ('uring/ring.cc', 'gateway/ws/frame.cc'):
                with self.subTest(line, path=path):
                    self.plant(path, CPP + line + '\n')
                    self.assert_complains(f'{path}:2:', 'is simulated')
                    (self.root / path).unlink()

    def test_refuses_the_question_in_tools_and_tests_too(self):
        for line in ('if (simulated) return;', '#ifdef RINGWAY_SIM'):
            with self.subTest(line):
                self.plant('tests/kernel/a.cc', CPP + line + '\n')
                self.assert_complains('tests/kernel/a.cc:2:', 'is simulated')

    def test_lets_comments_tell_of_the_simulation_and_names_resemble_it(self):
        self.plant_source('// SimKernel is simulated.\n/* if (simulated) */\n'
                          '#include <simdjson.h>\n#ifdef __SIMD__\n#endif\n'
                          'bool Similar(int simple);\n')
        self.assert_content()

    def test_lets_the_simulation_itself_ask(self):
        self.plant('tests/sim/a.cc', CPP + 'void F() {\n  if (simulated) return;\n}\n')
        self.assert_content()

    def test_refuses_a_room_without_a_card(self):
        (self.root / 'gateway/ws/README.md').unlink()
        self.assert_complains('gateway/ws/README.md:1:', 'has a card')

    def test_refuses_a_card_that_is_a_book(self):
        self.plant('uring/README.md', 'line\n' * 41)
        self.assert_complains('uring/README.md:41:', '40 at most')

    def test_refuses_clutter_in_the_root_folder(self):
        self.plant('notes.txt', 'a\n')
        self.assert_complains('notes.txt:1:', 'root folder')
