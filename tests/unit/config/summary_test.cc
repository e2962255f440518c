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
  r  web, host any, path /echo -> tcp, frames binary, splice auto, backend echo
     origins: not enforced (any web page may connect)
backends
  echo  127.0.0.1:5000, connect timeout 5s, try timeout 1250ms
        balance least_sessions
        ejected after 3 failures in a row, for 5s to 5m; health check off
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
cells = 200000
)"),
            R"(gateway
  workers 2, log level error, control socket /run/r.sock
listeners
  l  [::]:0 (the kernel chooses the port)
routes
  listed  l, host h.example, path /x/* -> tcp, frames text, no splice, backend b
          origins: https://o.example, https://p.example
          subprotocols: p, q
  open    l, host any, path /* -> tcp, frames binary, splice auto, backend b
          origins: * (any web page may connect)
          sessions: at most 7
backends
  b  [::1]:1, a.b:2, connect timeout 1500ms, try timeout 375ms, from ::2, 10.0.0.2
     balance least_sessions
     ejected after 3 failures in a row, for 5s to 5m; health check off
limits (those that differ from their default)
  idle_timeout          never (default 5m)
  window                64KiB (default 1MiB)
  cells                 200000 (default 131072)
)");
}

TEST(Summary, TellsProxiesInspectionBalanceAndHealth) {
  EXPECT_EQ(SummaryOf(R"([[listener]]
name = "web"
address = "127.0.0.1:80"
proxy_protocol = "required"
trusted_proxies = ["10.0.0.0/8", "0::1"]
[[backend]]
name = "app"
servers = ["unix:/run/a.sock", "b:2"]
weights = [3, 1]
balance = "source_hash"
sessions_per_server = 100
proxy_protocol = "v2"
failures_max = 0
health_check = "http"
health_path = "/up"
health_status = ["200-299", 304]
[[backend]]
name = "tcp"
servers = ["c:3"]
eject_time = "10m"
health_check = "tcp"
health_interval = "500ms"
[[route]]
name = "seen"
listener = "web"
path = "/seen"
mode = "websocket"
backend = "app"
backend_host = "app.internal"
inspect = "headers"
[[route]]
name = "open"
listener = "web"
path = "/open"
mode = "websocket"
backend = "tcp"
splice = "off"
)"),
            R"(gateway
  workers auto (one for each processor), log level info, control socket none
listeners
  web  127.0.0.1:80, PROXY header required
       trusted proxies: 10.0.0.0/8, ::1
routes
  seen  web, host any, path /seen -> websocket, inspect headers, no splice, backend app
        host for the backend: app.internal
        origins: not enforced (any web page may connect)
  open  web, host any, path /open -> websocket, inspect off, splice off, backend tcp
        origins: not enforced (any web page may connect)
backends
  app  unix:/run/a.sock (weight 3), b:2, connect timeout 5s, try timeout 1250ms
       balance source_hash, at most 100 sessions a server, PROXY header v2
       no server is ejected; health check http GET /up for 200-299, 304 every 2s, timeout )"
            R"(1s, rise 2, fall 3
  tcp  c:3, connect timeout 5s, try timeout 1250ms
       balance least_sessions
       ejected after 3 failures in a row, for 10m to 10m; health check tcp every 500ms, timeout )"
            R"(500ms, rise 2, fall 3
limits
  all at their defaults
)");
}

TEST(Summary, ShowsSizesAndDurationsAsTheyWereWritten) {
  const std::string text =
      SummaryOf(ValidAnd("[limits]\nmessage_max = \"1MB\"\nframe_max = \"1024KB\"\n"
                         "window = \"65536B\"\nidle_timeout = \"120s\"\nping_interval = \"0s\"\n"
                         "head_max = \"16KiB\""));
  EXPECT_NE(text.find("limits (those that differ from their default)\n"
                      "  idle_timeout          120s (default 5m)\n"
                      "  ping_interval         never (default 30s)\n"
                      "  frame_max             1024KB (default 1TiB)\n"
                      "  message_max           1MB (default 1TiB)\n"
                      "  window                65536B (default 1MiB)\n"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace ringway::config
