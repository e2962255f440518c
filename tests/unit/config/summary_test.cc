// SPDX-License-Identifier: Apache-2.0
//
// The summary says what matters to who is about to start the gateway.
#include "gateway/config/summary.h"

#include <gtest/gtest.h>

#include "tests/unit/config/parse_text.h"

namespace ringway::config {
namespace {

std::string SummaryOf(std::string_view text) {
  const auto config = ParseOrNull(text);
  return config ? Summary(*config) : "not valid";
}

TEST(Summary, TellsTheSmallestConfiguration) {
  EXPECT_EQ(SummaryOf(kValidText), R"(gateway
  workers auto (one for each processor), log level info, control socket none
listeners
  web  127.0.0.1:8080
routes
  r  web, host any, path /echo -> tcp, frames binary, backend echo
     origins: not enforced (any web page may connect)
backends
  echo  127.0.0.1:5000, connect timeout 5s
limits
  all at their defaults
)");
}

TEST(Summary, TellsHostsOriginsSubprotocolsAndServers) {
  EXPECT_EQ(SummaryOf(R"([gateway]
workers = 2
log_level = "error"
control_socket = "/run/r.sock"
[[listener]]
name = "l"
address = "[::]:0"
[[backend]]
name = "b"
servers = ["[::1]:1", "a.b:2"]
connect_timeout = "1500ms"
source = ["::2", "10.0.0.2"]
[[route]]
name = "listed"
listener = "l"
host = "H.example"
path = "/x/*"
mode = "tcp"
frames = "text"
backend = "b"
subprotocols = ["p", "q"]
origins = ["https://o.example", "https://p.example"]
[[route]]
name = "open"
listener = "l"
path = "/*"
mode = "tcp"
backend = "b"
origins = ["*"]
sessions_max = 7
[limits]
idle_timeout = "0s"
window = "64KiB"
cells = 64
)"),
            R"(gateway
  workers 2, log level error, control socket /run/r.sock
listeners
  l  [::]:0 (the kernel chooses the port)
routes
  listed  l, host h.example, path /x/* -> tcp, frames text, backend b
          origins: https://o.example, https://p.example
          subprotocols: p, q
  open    l, host any, path /* -> tcp, frames binary, backend b
          origins: * (any web page may connect)
          sessions: at most 7
backends
  b  [::1]:1, a.b:2, connect timeout 1500ms, from ::2, 10.0.0.2
limits (those that differ from their default)
  idle_timeout          never (default 5m)
  window                64KiB (default 1MiB)
  cells                 64 (default 131072)
)");
}

}  // namespace
}  // namespace ringway::config
