// SPDX-License-Identifier: Apache-2.0
//
// The modes of a route with a backend: which keys each knows. Mode "static" has a test of its own.
#include <gtest/gtest.h>

#include "gateway/config/text.h"
#include "tests/unit/config/parse_text.h"

namespace ringway::config {
namespace {

using Lines = std::vector<std::string>;

/// `more` begins in line 21.
std::string RouteAnd(std::string_view mode, std::string_view more) {
  return ValidAnd(Cat("[[route]]\nname = \"s\"\nlistener = \"web\"\npath = \"/s\"\n",
                      "backend = \"echo\"\nmode = \"", mode, "\"\n", more));
}

TEST(RouteMode, ReadsTheKeysOfWebsocket) {
  const auto config = ParseOrNull(RouteAnd(
      "websocket", "splice = \"off\"\ninspect = \"headers\"\nbackend_host = \"app.internal\""));
  ASSERT_TRUE(config);
  const Route& route = config->routes[1];
  EXPECT_EQ(route.mode, Mode::kWebSocket);
  EXPECT_EQ(route.splice, Splice::kOff);
  EXPECT_EQ(route.inspect, Inspect::kHeaders);
  EXPECT_EQ(route.backend_host, "app.internal");
}

TEST(RouteMode, FillsTheDefaultsOfWebsocket) {
  const auto config = ParseOrNull(RouteAnd("websocket", ""));
  ASSERT_TRUE(config);
  const Route& route = config->routes[1];
  EXPECT_EQ(route.splice, Splice::kAuto);
  EXPECT_EQ(route.inspect, Inspect::kOff);
  EXPECT_EQ(route.backend_host, "");
}

TEST(RouteMode, ReadsTheOtherWordOfEach) {
  const auto websocket = ParseOrNull(RouteAnd("websocket", "splice = \"auto\"\ninspect = \"off\""));
  ASSERT_TRUE(websocket);
  EXPECT_EQ(websocket->routes[1].splice, Splice::kAuto);
  EXPECT_EQ(websocket->routes[1].inspect, Inspect::kOff);
  const auto tcp = ParseOrNull(RouteAnd("tcp", "splice = \"off\"\nframes = \"text\""));
  ASSERT_TRUE(tcp);
  EXPECT_EQ(tcp->routes[1].splice, Splice::kOff);
}

TEST(RouteMode, TakesOriginsAndALimitInBothModes) {
  EXPECT_EQ(Complain(RouteAnd("websocket",
                              "origins = [\"https://x.example\"]\nsessions_max = 3\nhost = \"h\"")),
            Lines{});
}

TEST(RouteMode, SaysWhyAKeyIsForTheOtherMode) {
  const std::pair<std::string, std::string> websocket[] = {
      {"frames = \"text\"", "t:21:10: \"frames\" is for mode \"tcp\""},
      {"subprotocols = [\"p\"]", "t:21:16: \"subprotocols\" is for mode \"tcp\""},
  };
  for (const auto& [more, line] : websocket) {
    EXPECT_EQ(Complain(RouteAnd("websocket", more)),
              Lines{line + "; expected it left out, client and backend agree on it end to end"});
  }
  EXPECT_EQ(
      Complain(RouteAnd("tcp", "inspect = \"off\"")),
      Lines{R"(t:21:11: "inspect" is for mode "websocket"; expected it left out, the gateway )"
            R"(itself ends each frame here)"});
  EXPECT_EQ(Complain(RouteAnd("tcp", "backend_host = \"a\"")),
            Lines{R"(t:21:16: "backend_host" is for mode "websocket"; expected it left out, the )"
                  R"(backend gets no HTTP request here)"});
}

TEST(RouteMode, RefusesNoKeyBesideAnUnknownMode) {
  EXPECT_EQ(Complain(RouteAnd("ftp", "frames = \"text\"\ninspect = \"off\"")),
            Lines{R"(t:20:8: unknown mode "ftp"; expected one of "tcp", "websocket", "static")"});
}

TEST(RouteMode, NamesUnknownWords) {
  EXPECT_EQ(Complain(RouteAnd("tcp", "splice = \"on\"")),
            Lines{R"(t:21:10: unknown splice "on"; expected one of "auto", "off")"});
  EXPECT_EQ(Complain(RouteAnd("websocket", "inspect = \"header\"")),
            Lines{R"(t:21:11: unknown inspect "header"; expected one of "off", "headers"; did you )"
                  R"(mean "headers"?)"});
  EXPECT_EQ(Complain(RouteAnd("websocket", "inspekt = \"off\"")),
            Lines{R"(t:21:1: unknown key "inspekt" in [[route]]; did you mean "inspect"?)"});
}

TEST(BackendHost, IsAHostWithOrWithoutAPort) {
  for (const std::string_view host : {"app", "App.internal", "app.internal:1", "app_1:65535",
                                      "127.0.0.1", "127.0.0.1:80", "[::1]", "[2001:db8::1]:8080"}) {
    const auto config = ParseOrNull(RouteAnd("websocket", Cat("backend_host = \"", host, "\"")));
    ASSERT_TRUE(config) << host;
    EXPECT_EQ(config->routes[1].backend_host, host) << "as written";
  }
}

TEST(BackendHost, TellsHowItIsWritten) {
  const std::string expected =
      R"(expected a host with or without a port, such as "app.internal" or "app.internal:8080")";
  const std::pair<std::string, std::string> hosts[] = {
      {"", ""},
      {"a b", ""},
      {"a.b.", ""},
      {"a/b", ""},
      {":80", ""},
      {"300.1.1.1", ""},
      {"[app]", ""},
      {"[::1", ""},
      {"user@app", ""},
      {"app:", "; a port is 1 to 65535"},
      {"app:0", "; a port is 1 to 65535"},
      {"app:65536", "; a port is 1 to 65535"},
      {"[::1]:x", "; a port is 1 to 65535"},
      {"::1", R"(; did you mean "[::1]"?)"},
      {"http://app", "; a host has no scheme and no path"},
  };
  for (const auto& [host, hint] : hosts) {
    EXPECT_EQ(Complain(RouteAnd("websocket", Cat("backend_host = \"", host, "\""))),
              Lines{Cat("t:21:16: backend_host is \"", host, "\"; ", expected, hint)});
  }
  EXPECT_EQ(Complain(RouteAnd("websocket", "backend_host = \"a\\r\\nX: 1\"")),
            Lines{Cat(R"(t:21:16: backend_host is "a\x0d\x0aX: 1"; )", expected)});
  EXPECT_EQ(Complain(RouteAnd("websocket", "backend_host = 80")),
            Lines{R"(t:21:16: wrong type for "backend_host": an integer; expected a host such as )"
                  R"("app.internal")"});
}

}  // namespace
}  // namespace ringway::config
