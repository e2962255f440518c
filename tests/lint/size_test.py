# SPDX-License-Identifier: Apache-2.0
"""The size lint refuses what does not fit on a screen."""
from small_tree import CPP, HASH, SmallTree


def function(head, lines):
    return head + ' {\n' + '  Call();\n' * (lines - 2) + '}\n'


class Size(SmallTree):
    lint = 'size'

    def test_content_with_a_good_tree(self):
        self.assert_content()

    def test_refuses_a_long_header(self):
        self.plant('uring/ring.h', CPP + '\n' * 200)
        self.assert_complains('uring/ring.h:201:', '201 lines')

    def test_refuses_a_long_source(self):
        self.plant('uring/ring.cc', CPP + '\n' * 400)
        self.assert_complains('uring/ring.cc:401:', '400 at most')

    def test_refuses_a_long_script_without_a_suffix(self):
        self.plant('tools/go', '#!/usr/bin/env bash\n' + HASH + ':\n' * 400)
        self.assert_complains('tools/go:401:', '402 lines')

    def test_refuses_a_wide_line(self):
        self.plant('uring/ring.cc', CPP + '// ' + 'x' * 98 + '\n')
        self.assert_complains('uring/ring.cc:2:', '101 columns')

    def test_lets_a_function_fill_the_screen(self):
        self.plant('uring/ring.cc', CPP + function('void Turn(int a)', 70))
        self.assert_content()

    def test_refuses_a_long_function(self):
        self.plant('uring/ring.cc', CPP + '\n' + function('void Turn(int a) noexcept', 71))
        self.assert_complains('uring/ring.cc:3:', 'function of 71 lines')

    def test_refuses_a_long_function_wherever_it_stands(self):
        long = function('bool Turn() const', 71)
        for place in ('namespace a::b {\n%s}\n', 'class A final : public B {\n public:\n%s};\n',
                      'namespace {\nstruct [[nodiscard]] S {\n%s};\n}\n',
                      'template <class T>\nclass A {\n%s};\n'):
            with self.subTest(place):
                self.plant('uring/ring.cc', CPP + place % long)
                self.assert_complains('uring/ring.cc:', 'function of 71 lines')

    def test_refuses_a_long_test_body(self):
        self.plant('uring/ring.cc', CPP + function('TEST(Ring, Turns)', 80))
        self.assert_complains('uring/ring.cc:2:', 'function of 80 lines')

    def test_counts_no_braces_in_literals_or_comments(self):
        body = "void A() {\n  Put('{');\n  Put(\"{ \\\" {\"); // {\n  int n = 1'000;\n}\n"
        self.plant('uring/ring.cc', CPP + body + 'void B() {\n' + '\n' * 60 + '}\n')
        self.assert_content()

    def test_lets_a_long_table_or_class_be(self):
        self.plant('uring/ring.cc', CPP + 'class A {\n' + '  int a;\n' * 100 + '};\n'
                   'constexpr int kTable[] = {\n' + '  1,\n' * 100 + '};\n')
        self.assert_content()

    def test_lets_a_class_have_35_functions(self):
        # What has a name and a parenthesis and is no function of it is not counted.
        others = ('  using F = void (*)(int);\n  friend void G(int);\n  static_assert(f(1) > 0);\n'
                  '  int a = f(1);\n  int b{f(2)};\n  enum class E { kA = f(1) };\n')
        self.plant('uring/ring.h',
                   CPP + 'class Ring final : public Base {\n public:\n' + others +
                   '  int f(int a) const { return g(a); }\n' * 20 + '  void g();\n' * 15 + '};\n')
        self.assert_content()

    def test_refuses_a_class_of_36_functions(self):
        self.plant('uring/ring.h',
                   CPP + 'class Ring {\n public:\n  Ring();\n  ~Ring() override;\n'
                   '  bool operator==(const Ring&) const;\n' +
                   '  [[nodiscard]] int f(int a = g(1));\n' * 16 +
                   '  int h(int a) const { return a; }\n' * 17 + '};\n')
        self.assert_complains('uring/ring.h:2:', 'class Ring has 36 functions')

    def test_refuses_a_long_python_function(self):
        self.plant('tools/go.py', HASH + 'def f():\n' + '    f()\n' * 71)
        self.assert_complains('tools/go.py:2:', 'function of 72 lines')
