// SPDX-License-Identifier: Apache-2.0
//
// The embedded configuration.
#include "gateway/server/demo.h"

#include <sys/resource.h>

#include <algorithm>
#include <string_view>
#include <system_error>
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

/// The root of the page follows: a path may hold what TOML does not bear.
constexpr std::string_view kPageRoute = R"(
[[route]]
name = "page"
listener = "demo"
path = "/*"
mode = "static"
root = "/"
cache_control = "no-cache"
)";

}  // namespace

std::string FindPage(const std::filesystem::path& program) {
  if (!program.is_absolute()) return "";
  const std::filesystem::path folder = program.parent_path();
  for (const auto& page : {folder / "page", folder.parent_path() / "share/ringway/page"}) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(page / "index.html", ignored)) return page;
  }
  return "";
}

absl::StatusOr<std::unique_ptr<Demo>> Demo::Start(const std::string& address,
                                                  const std::string& page) {
  auto echo = EchoService::Start();
  if (!echo.ok()) return echo.status();
  std::string text = ConfigText(address, (*echo)->port());
  if (!page.empty()) text += kPageRoute;
  const auto parsed = config::ParseConfig(text, "demo");
  if (!parsed.ok()) return parsed.status();
  const auto config = std::make_shared<config::Config>(**parsed);
  if (!page.empty()) config->routes.back().files.root = page;
  std::unique_ptr<Demo> demo(new Demo);
  demo->echo_ = *std::move(echo);
  demo->config_ = config;
  demo->has_page_ = !page.empty();
  return demo;
}

std::string Demo::Greeting(const base::SocketAddress& listening) const {
  const std::string url = absl::StrCat("ws://", listening.ToString(), "/echo");
  const std::string page =
      has_page_ ? absl::StrCat("\nOpen http://", listening.ToString(), "/ in a browser.\n") : "";
  return absl::StrCat(page, "\nRingway serves ", url,
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
