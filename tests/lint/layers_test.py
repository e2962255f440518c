# SPDX-License-Identifier: Apache-2.0
"""The include lint refuses what the layer table does not list."""
from small_tree import CPP, TABLE, SmallTree


class Layers(SmallTree):
    lint = 'layers'

    def test_content_with_a_good_tree(self):
        self.assert_content()

    def test_refuses_a_room_that_the_row_does_not_list(self):
        self.plant('gateway/ws/frame.cc', CPP + '#include "gateway/accept/accept.h"\n')
        self.plant('gateway/accept/accept.h', CPP)
        self.assert_complains('gateway/ws/frame.cc:2:', 'its row lists base')

    def test_refuses_the_ring_in_a_room_that_thinks(self):
        self.plant('gateway/ws/frame.cc', CPP + '\n#  include "uring/ring.h"\n')
        self.assert_complains('gateway/ws/frame.cc:3:', 'ws includes "uring/ring.h"')

    def test_refuses_a_gateway_header_in_uring(self):
        self.plant('uring/ring.h', CPP + '#include "gateway/base/ids.h"\n')
        self.assert_complains('uring/ring.h:2:', 'its row lists nothing')

    def test_refuses_a_test_header_in_the_gateway(self):
        self.plant('tests/sim/clock.h', CPP)
        self.plant('gateway/ws/frame.cc', CPP + '#include "tests/sim/clock.h"\n')
        self.assert_complains('gateway/ws/frame.cc:2:', 'tests/sim/clock.h')

    def test_refuses_an_include_that_is_not_written_from_the_root(self):
        self.plant('gateway/ws/frame.cc', CPP + '#include "../base/ids.h"\n')
        self.assert_complains('gateway/ws/frame.cc:2:', 'written from its root')

    def test_refuses_a_library_that_the_row_does_not_list(self):
        self.plant('gateway/ws/frame.cc', CPP + '#include "absl/status/status.h"\n')
        self.assert_complains('gateway/ws/frame.cc:2:', 'does not list absl')

    def test_refuses_a_library_that_nobody_knows(self):
        self.plant('gateway/ws/frame.cc', CPP + '#include <folly/String.h>\n')
        self.assert_complains('gateway/ws/frame.cc:2:', 'no library')

    def test_refuses_system_calls_in_a_room_that_thinks(self):
        for header in ('sys/socket.h', 'unistd.h', 'linux/io_uring.h', 'fcntl.h', 'netinet/in.h'):
            with self.subTest(header):
                self.plant('gateway/ws/frame.cc', CPP + f'#include <{header}>\n')
                self.assert_complains('gateway/ws/frame.cc:2:', 'never touches the kernel')

    def test_lets_base_map_memory(self):
        self.plant('gateway/base/map.cc', CPP + '#include <sys/mman.h>\n')
        self.assert_content()

    def test_refuses_a_heavy_library_in_a_header(self):
        self.plant('gateway/config/parse.h', CPP + '#include <toml++/toml.h>\n')
        self.assert_complains('gateway/config/parse.h:2:', 'never a header')

    def test_refuses_a_heavy_library_in_a_second_source(self):
        for name in ('a', 'b'):
            self.plant(f'gateway/config/{name}.cc', CPP + '#include <toml++/toml.h>\n')
        self.assert_complains('gateway/config/b.cc:2:', 'gateway/config/a.cc has it already')

    def test_refuses_a_room_without_a_row(self):
        self.plant('gateway/tls/tls.cc', CPP)
        self.assert_complains('gateway/tls/tls.cc:1:', 'no row')

    def test_complains_when_the_table_is_gone(self):
        self.plant('gateway/meson.build', TABLE.replace('rooms = [', 'chambers = ['))
        self.assert_complains('gateway/meson.build:1:', 'cannot be read')

    def test_ignores_includes_in_comments(self):
        comments = '// #include "uring/ring.h"\n/*\n#include "x.h"\n*/\n'
        self.plant('gateway/ws/frame.cc', CPP + comments)
        self.assert_content()
