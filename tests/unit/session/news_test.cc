// SPDX-License-Identifier: Apache-2.0
//
// What a session tells the operator, and when it says nothing.
#include "gateway/session/news.h"

#include <gtest/gtest.h>

#include "tests/unit/session/harness.h"

namespace ringway::session {
namespace {

using Lines = std::vector<std::string>;

std::string RequestOf(std::string_view target, std::string_view fields = "") {
  return "GET " + std::string(target) +
         " HTTP/1.1\r\nHost: gw.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
         std::string(fields) + "\r\n";
}

TEST(News, TellsWhichOriginWasRefusedAndWhere) {
  Harness harness({.route = "origins = [\"https://good.example\"]"});
  harness.FromClient(RequestOf("/echo?a=b", "Origin: https://bad.example\r\n"));
  EXPECT_EQ(harness.news(), Lines{"origin https://bad.example of r gw.example /echo"});
  EXPECT_EQ(harness.counters().refused_by_origin.value(), 1U);
}

TEST(News, TellsWhichPathOthersWouldReadDifferently) {
  Harness harness;
  harness.FromClient(RequestOf("//echo?a=b"));
  EXPECT_EQ(harness.news(),
            Lines{"path //echo of gw.example: '//' in the path is read differently by others"});
  EXPECT_EQ(harness.counters().refused_by_path.value(), 1U);
  harness.Accept();
  harness.FromClient(RequestOf("/echo/%"));
  EXPECT_EQ(harness.news().size(), 1U) << "it means nothing to anybody";
}

TEST(News, SaysNothingOfAnOriginThatIsListed) {
  Harness harness({.route = "origins = [\"https://good.example\"]"});
  harness.FromClient(RequestOf("/echo", "Origin: https://good.example\r\n"));
  EXPECT_EQ(harness.news(), Lines{});
  EXPECT_EQ(harness.counters().refused_by_origin.value(), 0U);
}

TEST(News, TellsThatATcpRouteLooksAtNoToken) {
  for (const std::string_view target : {"/echo?token=x", "/echo?a=b&token="}) {
    Harness harness;
    harness.FromClient(RequestOf(target));
    EXPECT_EQ(harness.news(), Lines{"token r"}) << target;
  }
  for (const std::string_view target : {"/echo", "/echo?", "/echo?tokens=x", "/echo?atoken=x"}) {
    Harness harness;
    harness.FromClient(RequestOf(target));
    EXPECT_EQ(harness.news(), Lines{}) << target;
  }
}

TEST(News, SaysNothingOfATokenThatTheServiceItselfGets) {
  Harness harness({.websocket = ""});
  harness.FromClient(RequestOf("/ws?token=x"));
  EXPECT_EQ(harness.news(), Lines{});
}

TEST(News, TellsThatAServerIsEjectedAndBack) {
  Harness harness({.backend = "failures_max = 1\neject_time = \"1s\""});
  harness.FromClient(RequestOf("/echo"));
  const uint32_t server = harness.session().server_index();
  harness.DialFailed("refused", NextServer::kTry);
  const std::string id = "1:" + std::to_string(server);
  EXPECT_EQ(harness.news(), Lines{"ejected " + id});
  harness.Advance(2 * kSecond);
  for (int i = 0; i < 2; ++i) {
    harness.Accept();
    harness.FromClient(RequestOf("/echo"));
    while (harness.session().server_index() != server) {
      ASSERT_EQ(harness.state(), State::kDialing);
      harness.DialFailed("busy", NextServer::kTryBlameless);
    }
    harness.Dialed();
    EXPECT_EQ(harness.news(), (Lines{"ejected " + id, "back " + id})) << "once";
  }
}

TEST(News, TellsThatADialTookTooLongBeforeThatEjectsTheServer) {
  Harness harness({.backend = "failures_max = 1\ntry_timeout = \"3s\""});
  harness.FromClient(RequestOf("/echo"));
  const std::string id = "1:" + std::to_string(harness.session().server_index());
  harness.WaitUntilDue();
  EXPECT_EQ(harness.news(), (Lines{"timed out " + id, "ejected " + id}));
}

}  // namespace
}  // namespace ringway::session
