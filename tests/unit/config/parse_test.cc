// SPDX-License-Identifier: Apache-2.0
//
// What a valid configuration becomes: every key, and every default.
#include "gateway/config/parse.h"

#include <gtest/gtest.h>

#include "tests/unit/config/parse_text.h"

namespace ringway::config {
namespace {

constexpr std::string_view kEveryKey = R"([gateway]
workers = 3
log_level = "warn"
control_socket = "/run/ringway.sock"
resolve_interval = "9s"

[[listener]]
name = "v4"
address = "0.0.0.0:8080"
[[listener]]
name = "v6"
address = "[0:0::1]:0"

[[backend]]
name = "first"
servers = ["10.0.0.1:1"]
[[backend]]
name = "second"
servers = ["db.internal:5000", "[::1]:65535"]
connect_timeout = "250ms"
source = ["10.0.0.2", "::2"]

[[route]]
name = "exact"
listener = "v6"
host = "Chat.Example."
path = "/echo"
mode = "tcp"
backend = "second"
frames = "text"
subprotocols = ["v2.x", "v1.x"]
origins = ["https://x.example", "http://y.example:8080"]
[[route]]
name = "prefix"
listener = "v4"
path = "/x/*"
mode = "tcp"
backend = "first"
origins = ["*"]
sessions_max = 100
)";

TEST(ParseConfig, ReadsEveryKeyOfGatewayAndListeners) {
  const auto config = ParseOrNull(kEveryKey);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->gateway.workers, 3u);
  EXPECT_EQ(config->gateway.log_level, LogLevel::kWarn);
  EXPECT_EQ(config->gateway.control_socket, "/run/ringway.sock");
  EXPECT_EQ(config->gateway.resolve_interval_ns, 9'000'000'000u);
  ASSERT_EQ(config->listeners.size(), 2u);
  EXPECT_EQ(config->listeners[0].name, "v4");
  EXPECT_EQ(config->listeners[0].host, "0.0.0.0");
  EXPECT_EQ(config->listeners[0].port, 8080);
  EXPECT_EQ(config->listeners[1].host, "::1") << "canonical, without brackets";
  EXPECT_EQ(config->listeners[1].port, 0);
}

TEST(ParseConfig, ReadsEveryKeyOfBackends) {
  const auto config = ParseOrNull(kEveryKey);
  ASSERT_TRUE(config);
  ASSERT_EQ(config->backends.size(), 2u);
  const Backend& second = config->backends[1];
  EXPECT_EQ(second.name, "second");
  ASSERT_EQ(second.servers.size(), 2u);
  EXPECT_EQ(second.servers[0].host, "db.internal");
  EXPECT_EQ(second.servers[0].port, 5000);
  EXPECT_EQ(second.servers[1].host, "::1");
  EXPECT_EQ(second.servers[1].port, 65535);
  EXPECT_EQ(second.connect_timeout_ns, 250'000'000u);
  EXPECT_EQ(config->backends[0].connect_timeout_ns, 5'000'000'000u);
  ASSERT_EQ(second.sources.size(), 2u);
  EXPECT_EQ(second.sources[0].HostText(), "10.0.0.2");
  EXPECT_EQ(second.sources[0].port, 0);
  EXPECT_EQ(second.sources[1].HostText(), "::2");
  EXPECT_TRUE(config->backends[0].sources.empty());
}

TEST(ParseConfig, ReadsEveryKeyOfRoutesAndResolvesTheirNames) {
  const auto config = ParseOrNull(kEveryKey);
  ASSERT_TRUE(config);
  ASSERT_EQ(config->routes.size(), 2u);
  const Route& exact = config->routes[0];
  EXPECT_EQ(exact.name, "exact");
  EXPECT_EQ(exact.index, 0u);
  EXPECT_EQ(exact.sessions_max, 0u);
  EXPECT_EQ(config->routes[1].sessions_max, 100u);
  EXPECT_EQ(exact.listener_index, 1u);
  EXPECT_EQ(exact.backend_index, 1u);
  EXPECT_EQ(exact.host, "chat.example") << "lower case, no trailing dot";
  EXPECT_EQ(exact.path, "/echo");
  EXPECT_EQ(exact.path_match, PathMatch::kExact);
  EXPECT_EQ(exact.mode, Mode::kTcp);
  EXPECT_EQ(exact.frames, Frames::kText);
  EXPECT_EQ(exact.subprotocols, (std::vector<std::string>{"v2.x", "v1.x"}));
  EXPECT_EQ(exact.origins,
            (std::vector<std::string>{"https://x.example", "http://y.example:8080"}));
  const Route& prefix = config->routes[1];
  EXPECT_EQ(prefix.index, 1u);
  EXPECT_EQ(prefix.listener_index, 0u);
  EXPECT_EQ(prefix.backend_index, 0u);
  EXPECT_EQ(prefix.path, "/x/") << "the prefix with its slash, without the star";
  EXPECT_EQ(prefix.path_match, PathMatch::kPrefix);
  EXPECT_EQ(prefix.origins, std::vector<std::string>{"*"});
}

TEST(ParseConfig, FillsDefaults) {
  const auto config = ParseOrNull(kValidText);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->gateway.workers, 0u);
  EXPECT_EQ(config->gateway.log_level, LogLevel::kInfo);
  EXPECT_EQ(config->gateway.control_socket, "");
  EXPECT_EQ(config->limits, base::Limits{});
  const Route& route = config->routes[0];
  EXPECT_EQ(route.host, "");
  EXPECT_EQ(route.frames, Frames::kBinary);
  EXPECT_EQ(route.splice, Splice::kAuto);
  EXPECT_EQ(route.inspect, Inspect::kOff);
  EXPECT_EQ(route.backend_host, "");
  EXPECT_TRUE(route.subprotocols.empty());
  EXPECT_TRUE(route.origins.empty());
  EXPECT_TRUE(config->listeners[0].trusted_proxies.empty());
  EXPECT_FALSE(config->listeners[0].proxy_protocol);
  const Backend& backend = config->backends[0];
  EXPECT_EQ(backend.balance, Balance::kLeastSessions);
  EXPECT_EQ(backend.sessions_per_server_max, 0u);
  EXPECT_EQ(backend.proxy_header, ProxyHeader::kNone);
  EXPECT_EQ(backend.servers[0].weight, 1u);
  EXPECT_EQ(backend.servers[0].unix_path, "");
}

TEST(ParseConfig, ReadsWorkersAutoAndBothEndsOfTheRange) {
  const auto workers = [](std::string_view value) {
    const auto config = ParseOrNull(ValidAnd(std::string("[gateway]\nworkers = ").append(value)));
    return config ? static_cast<int>(config->gateway.workers) : -1;
  };
  EXPECT_EQ(workers("\"auto\""), 0);
  EXPECT_EQ(workers("1"), 1);
  EXPECT_EQ(workers("256"), 256);
}

TEST(ParseConfig, ReadsEveryLogLevel) {
  const std::pair<std::string_view, LogLevel> levels[] = {{"trace", LogLevel::kTrace},
                                                          {"debug", LogLevel::kDebug},
                                                          {"info", LogLevel::kInfo},
                                                          {"warn", LogLevel::kWarn},
                                                          {"error", LogLevel::kError}};
  for (const auto& [word, level] : levels) {
    std::string text = ValidAnd("[gateway]\nlog_level = \"");
    const auto config = ParseOrNull(text.append(word).append("\"\n"));
    ASSERT_TRUE(config) << word;
    EXPECT_EQ(config->gateway.log_level, level);
  }
}

TEST(ParseConfig, TakesCommentsInAnyScriptAndAByteOrderMark) {
  EXPECT_TRUE(
      ParseOrNull(std::string("\xEF\xBB\xBF# \xC3\xA9\xE2\x80\xA8\r\n").append(kValidText)));
}

TEST(ParseConfig, LetsDifferentPatternsLiveSideBySide) {
  constexpr std::string_view kPatterns[] = {"/*", "/x/*", "/x/y", "/x/", "/x", "/echo/*"};
  std::string text(kValidText);
  for (const std::string_view pattern : kPatterns) {
    text.append("[[route]]\nname = \"r").append(std::to_string(text.size()));
    text.append("\"\nlistener = \"web\"\nmode = \"tcp\"\nbackend = \"echo\"\npath = \"");
    text.append(pattern).append("\"\n");
  }
  EXPECT_EQ(Complain(text), std::vector<std::string>{});
}

TEST(ParseConfig, LetsOnePathLiveOnTwoHostsAndTwoListeners) {
  EXPECT_EQ(Complain(ValidAnd(R"(
[[listener]]
name = "other"
address = "127.0.0.1:8081"
[[route]]
name = "with_host"
listener = "web"
host = "a.example"
path = "/echo"
mode = "tcp"
backend = "echo"
[[route]]
name = "elsewhere"
listener = "other"
path = "/echo"
mode = "tcp"
backend = "echo"
)")),
            std::vector<std::string>{});
}

TEST(ParseConfig, LetsListenersShareAnAddressWhosePortTheKernelChooses) {
  EXPECT_EQ(Complain(ValidAnd("[[listener]]\nname = \"a\"\naddress = \"127.0.0.1:0\"\n"
                              "[[listener]]\nname = \"b\"\naddress = \"127.0.0.1:0\"\n")),
            std::vector<std::string>{});
}

}  // namespace
}  // namespace ringway::config
