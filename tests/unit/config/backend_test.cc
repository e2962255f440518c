// SPDX-License-Identifier: Apache-2.0
//
// The servers of a backend, and how sessions are spread over them.
#include <gtest/gtest.h>

#include "gateway/config/address.h"
#include "gateway/config/text.h"
#include "tests/unit/config/parse_text.h"

namespace ringway::config {
namespace {

using Lines = std::vector<std::string>;

/// `more` begins in line 17.
std::string BackendAnd(std::string_view more) {
  return ValidAnd(Cat("[[backend]]\nname = \"b\"\n", more));
}

/// `more` begins in line 18.
std::string ServersAnd(std::string_view more) {
  return BackendAnd(Cat("servers = [\"a:1\", \"a:2\"]\n", more));
}

TEST(Backend, ReadsUnixSocketsBesideHosts) {
  const auto config = ParseOrNull(
      BackendAnd("servers = [\"unix:/run/app.sock\", \"unix:5000\", \"unix:/a b\", \"[::1]:7\"]"));
  ASSERT_TRUE(config);
  const std::vector<Server>& servers = config->backends[1].servers;
  ASSERT_EQ(servers.size(), 4u);
  EXPECT_EQ(servers[0].unix_path, "/run/app.sock");
  EXPECT_EQ(servers[0].host, "");
  EXPECT_EQ(servers[0].port, 0);
  EXPECT_EQ(servers[1].unix_path, "") << "a host that is called \"unix\"";
  EXPECT_EQ(servers[1].host, "unix");
  EXPECT_EQ(servers[1].port, 5000);
  EXPECT_EQ(servers[2].unix_path, "/a b");
  EXPECT_EQ(ServerText(servers[0]), "unix:/run/app.sock");
  EXPECT_EQ(ServerText(servers[1]), "unix:5000");
  EXPECT_EQ(ServerText(servers[3]), "[::1]:7");
}

TEST(Backend, TakesSocketPathsThatFitTheirAddress) {
  const std::string longest = "/" + std::string(106, 'x');
  const auto config = ParseOrNull(BackendAnd(Cat("servers = [\"unix:", longest, "\"]")));
  ASSERT_TRUE(config);
  EXPECT_EQ(config->backends[1].servers[0].unix_path, longest);
  EXPECT_TRUE(IsSocketPath(longest));
  for (const std::string& path :
       {longest + "x", std::string(), std::string("x"), std::string("/"), std::string("/run/"),
        std::string("/a\nb"), std::string("/a\0b", 4)}) {
    EXPECT_FALSE(IsSocketPath(path)) << path;
  }
  const Lines lines = Complain(BackendAnd(Cat("servers = [\"unix:", longest, "x\"]")));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(lines[0].ends_with("at most 107 bytes, no control character and no \"/\" at its end"))
      << lines[0];
}

TEST(Backend, GivesEachServerItsWeight) {
  const auto config = ParseOrNull(ServersAnd("weights = [256, 1]"));
  ASSERT_TRUE(config);
  EXPECT_EQ(config->backends[1].servers[0].weight, 256u);
  EXPECT_EQ(config->backends[1].servers[1].weight, 1u);
  const auto usual = ParseOrNull(ServersAnd(""));
  ASSERT_TRUE(usual);
  EXPECT_EQ(usual->backends[1].servers[1].weight, 1u);
}

TEST(Backend, SaysWhatIsWrongWithWeights) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"weights = [1]", R"(t:18:11: "weights" has 1 entries; expected 2, one for each server)"},
      {"weights = [1, 2, 3]",
       R"(t:18:11: "weights" has 3 entries; expected 2, one for each server)"},
      {"weights = []", R"(t:18:11: "weights" has 0 entries; expected 2, one for each server)"},
      {"weights = [0, 1]", "t:18:12: weight is 0; expected 1 to 256"},
      {"weights = [1, 257]", "t:18:15: weight is 257; expected 1 to 256"},
      {"weights = [1, -1]", "t:18:15: weight is -1; expected 1 to 256"},
      {"weights = [1, \"2\"]", R"(t:18:15: wrong type for "weights": a string; expected 1 to 256)"},
      {"weights = 3",
       R"(t:18:11: wrong type for "weights": an integer; expected a list such as [3, 1])"},
  };
  for (const auto& [more, line] : cases) {
    EXPECT_EQ(Complain(ServersAnd(more)), Lines{std::string(line)}) << more;
  }
}

TEST(Backend, CountsWeightsAgainstTheServersAsWritten) {
  EXPECT_EQ(Complain(BackendAnd("servers = [\"a:1\", \"?\"]\nweights = [1, 2]")).size(), 1u);
  EXPECT_EQ(Complain(BackendAnd("servers = 1\nweights = [1, 2]")).size(), 1u);
  EXPECT_EQ(Complain(BackendAnd("weights = [1, 2]")).size(), 1u) << "servers are missing";
}

TEST(Backend, ReadsEveryBalance) {
  const std::pair<std::string_view, Balance> words[] = {{"least_sessions", Balance::kLeastSessions},
                                                        {"round_robin", Balance::kRoundRobin},
                                                        {"random_two", Balance::kRandomTwo},
                                                        {"source_hash", Balance::kSourceHash}};
  for (const auto& [word, balance] : words) {
    const auto config = ParseOrNull(ServersAnd(Cat("balance = \"", word, "\"")));
    ASSERT_TRUE(config) << word;
    EXPECT_EQ(config->backends[1].balance, balance);
  }
  EXPECT_EQ(Complain(ServersAnd("balance = \"roundrobin\"")),
            Lines{R"(t:18:11: unknown balance "roundrobin"; expected one of "least_sessions", )"
                  R"("round_robin", "random_two", "source_hash"; did you mean "round_robin"?)"});
}

TEST(Backend, ReadsEveryProxyHeader) {
  const std::pair<std::string_view, ProxyHeader> words[] = {
      {"off", ProxyHeader::kNone}, {"v1", ProxyHeader::kV1}, {"v2", ProxyHeader::kV2}};
  for (const auto& [word, header] : words) {
    const auto config = ParseOrNull(ServersAnd(Cat("proxy_protocol = \"", word, "\"")));
    ASSERT_TRUE(config) << word;
    EXPECT_EQ(config->backends[1].proxy_header, header);
  }
  EXPECT_EQ(Complain(ServersAnd("proxy_protocol = \"required\"")),
            Lines{R"(t:18:18: unknown proxy_protocol "required"; expected one of "off", "v1", )"
                  R"("v2")"});
  EXPECT_EQ(Complain(BackendAnd("servers = [\"unix:/x\"]\nproxy_protocol = \"v1\"")), Lines{});
}

TEST(Backend, LimitsTheSessionsOfAServer) {
  for (const uint32_t sessions : {1u, kSessionsMax}) {
    const auto config = ParseOrNull(ServersAnd(Cat("sessions_per_server = ", sessions)));
    ASSERT_TRUE(config);
    EXPECT_EQ(config->backends[1].sessions_per_server_max, sessions);
  }
  for (const std::string_view value : {"0", "16777216", "-1"}) {
    EXPECT_EQ(Complain(ServersAnd(Cat("sessions_per_server = ", value))),
              Lines{Cat("t:18:23: sessions_per_server is ", value, "; expected 1 to 16777215")});
  }
}

TEST(Backend, GivesOneTryAQuarterOfTheConnectTimeout) {
  const std::pair<std::string_view, uint64_t> cases[] = {
      {"", 1'250'000'000},
      {"connect_timeout = \"2s\"", 500'000'000},
      {"connect_timeout = \"1ms\"", 1'000'000},
      {"try_timeout = \"5s\"", 5'000'000'000},
      {"connect_timeout = \"1m\"\ntry_timeout = \"30s\"", 30'000'000'000},
  };
  for (const auto& [more, try_timeout_ns] : cases) {
    const auto config = ParseOrNull(ServersAnd(more));
    ASSERT_TRUE(config) << more;
    EXPECT_EQ(config->backends[1].try_timeout_ns, try_timeout_ns) << more;
  }
}

TEST(Backend, RefusesATryTimeoutBeyondTheConnectTimeout) {
  EXPECT_EQ(Complain(ServersAnd("try_timeout = \"6s\"")),
            Lines{R"(t:18:15: try_timeout is "6s"; expected at most the connect_timeout, "5s")"});
  EXPECT_EQ(Complain(ServersAnd("try_timeout = \"0s\"")),
            Lines{R"(t:18:15: try_timeout is "0s"; expected "1ms" to "24h")"});
  EXPECT_EQ(Complain(ServersAnd("connect_timeout = \"x\"\ntry_timeout = \"6s\"")).size(), 1u)
      << "only the connect_timeout is known to be wrong";
}

TEST(Backend, HasASourceOnlyWhereAServerHasAnAddress) {
  EXPECT_EQ(Complain(BackendAnd("servers = [\"unix:/x\", \"a:1\"]\nsource = [\"::1\"]")), Lines{});
  EXPECT_EQ(Complain(BackendAnd("servers = [\"unix:/x\"]\nsource = [\"::1\"]")),
            Lines{R"(t:18:10: "source" is for servers with a host and a port; expected it left )"
                  R"(out, a unix socket is reached from no address)"});
}

}  // namespace
}  // namespace ringway::config
