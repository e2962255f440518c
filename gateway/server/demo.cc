// SPDX-License-Identifier: Apache-2.0
//
// The embedded configuration.
#include "gateway/server/demo.h"

#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gateway/config/parse.h"

namespace ringway::server {
namespace {

/// A session of the demo has three descriptors here: client, backend, and the echo service's.
uint64_t SessionsMax() {
  rlimit limit{};
  const bool known = getrlimit(RLIMIT_NOFILE, &limit) == 0;
  return std::clamp<uint64_t>(known ? limit.rlim_max / 4 : 256, 16, EchoService::kConnectionsMax);
}

std::string ConfigText(const std::string& address, uint16_t echo_port) {
  return absl::StrCat(R"([[listener]]
name = "demo"
address = ")",
                      address, R"("

[[route]]
name = "echo"
listener = "demo"
path = "/echo"
mode = "tcp"
backend = "echo"

[[backend]]
name = "echo"
servers = ["127.0.0.1:)",
                      echo_port, R"("]

[limits]
sessions_max = )",
                      SessionsMax(), "\n");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Demo>> Demo::Start(const std::string& address) {
  auto echo = EchoService::Start();
  if (!echo.ok()) return echo.status();
  auto config = config::ParseConfig(ConfigText(address, (*echo)->port()), "demo");
  if (!config.ok()) return config.status();
  std::unique_ptr<Demo> demo(new Demo);
  demo->echo_ = *std::move(echo);
  demo->config_ = *std::move(config);
  return demo;
}

std::string Demo::Greeting(const base::SocketAddress& listening) const {
  const std::string url = absl::StrCat("ws://", listening.ToString(), "/echo");
  return absl::StrCat("\nRingway serves ", url,
                      "\nin front of an embedded TCP echo service on 127.0.0.1:", echo_->port(),
                      ".\n\n"
                      "Try, in another terminal:\n"
                      "  build/ringbench load --url ",
                      url,
                      " --connections 50 --seconds 3\n"
                      "  python3 -m websockets ",
                      url,
                      "\n\n"
                      "Ctrl-C ends it.\n");
}

}  // namespace ringway::server
