# SPDX-License-Identifier: Apache-2.0
"""The counters lint refuses a counter that nothing moves."""
from small_tree import CPP, SmallTree

LIST = 'tests/sim/unmoved_counters'
TEST = 'tests/unit/base/a_test.cc'


class Counters(SmallTree):
    lint = 'counters'

    def setUp(self):
        super().setUp()
        self.plant('gateway/base/counters.h', CPP + '#pragma once\n#define ALL(X) \\\n'
                   '  X(resets, "connections reset") \\\n  X(dials, \\\n    "dials")\n')
        self.plant(TEST, CPP + 'int resets = 0;\n')
        self.plant(LIST, f'# Why.\nresets {TEST}\n')

    def test_content_with_a_good_tree(self):
        self.assert_content()

    def test_refuses_a_name_that_is_no_counter(self):
        self.plant(LIST, f'sets {TEST}\n')
        self.assert_complains(f'{LIST}:1:', 'no counter sets')

    def test_refuses_a_test_that_there_is_not(self):
        self.plant(LIST, 'resets tests/unit/base/b_test.cc\n')
        self.assert_complains(f'{LIST}:1:', 'no file')

    def test_refuses_a_test_that_does_not_mention_it(self):
        self.plant(LIST, f'dials {TEST}\n')
        self.assert_complains(f'{LIST}:1:', 'does not mention dials')
