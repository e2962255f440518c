// SPDX-License-Identifier: Apache-2.0
//
// From accept to the 101, or to the "no" that comes instead.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/session/harness.h"

namespace ringway::session {
namespace {

using base::BufferClass;

std::string StatusOf(std::string_view response) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  if (!response.starts_with(kVersion)) return std::string(response);
  return std::string(response.substr(kVersion.size(), 3));
}

void ExpectRefusal(const Harness& harness, std::string_view status) {
  EXPECT_EQ(StatusOf(harness.ToClient()), status);
  EXPECT_TRUE(harness.ToClient().find("\r\nConnection: ") != std::string::npos);
  EXPECT_TRUE(harness.link(kClient).finished);
  EXPECT_FALSE(harness.link(kBackend).there);
  EXPECT_EQ(harness.state(), State::kClosing);
  EXPECT_EQ(harness.counters().handshakes_refused.value(), 1U);
  EXPECT_EQ(harness.counters().sessions_opened.value(), 0U);
}

TEST(Handshake, SendsThe101OnlyAfterTheBackendWasReached) {
  Harness harness;
  EXPECT_EQ(harness.Story(), "timer");
  EXPECT_EQ(harness.session().ReadingOf(kClient), Reading::kOnce);
  harness.FromClient(kRequest);
  EXPECT_EQ(harness.Story(), "dial, timer");
  EXPECT_EQ(harness.acts()[0].backend_index, 1U);
  EXPECT_EQ(harness.session().ReadingOf(kClient), Reading::kNot);
  EXPECT_EQ(harness.session().ReadingOf(kBackend), Reading::kNot);
  EXPECT_EQ(harness.ToClient(), "");
  EXPECT_FALSE(harness.session().upgraded());
  harness.Dialed();
  EXPECT_EQ(harness.Story(), "send client, timer");
  EXPECT_EQ(harness.ToClient(),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
  EXPECT_TRUE(harness.session().upgraded());
  EXPECT_EQ(harness.session().route()->name, "r");
  EXPECT_EQ(harness.session().ReadingOf(kClient), Reading::kContinuous);
  EXPECT_EQ(harness.session().ReadingOf(kBackend), Reading::kContinuous);
  EXPECT_EQ(harness.counters().sessions_opened.value(), 1U);
  EXPECT_EQ(harness.ending().reason, EndReason::kNone);
}

TEST(Handshake, HoldsNoBufferOnceItIsOpen) {
  Harness harness;
  harness.Open();
  EXPECT_EQ(harness.leased(BufferClass::kCell), 0U);
  EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
}

TEST(Handshake, DialsTheServersOfItsBackendInTurn) {
  Harness harness;
  harness.FromClient(kRequest);
  const uint32_t first = harness.acts()[0].server_index;
  harness.Accept();
  harness.FromClient(kRequest);
  EXPECT_EQ(harness.acts()[0].server_index, 1 - first);
}

TEST(Handshake, AnswersWithTheFirstSubprotocolThatTheRouteHas) {
  Harness harness({.route = "subprotocols = [\"b\", \"c\"]"});
  harness.FromClient(RequestWith("Sec-WebSocket-Protocol: a, c, b\r\n"));
  harness.Dialed();
  EXPECT_NE(harness.ToClient().find("\r\nSec-WebSocket-Protocol: c\r\n"), std::string::npos);
}

TEST(Handshake, LetsAListedOriginIn) {
  Harness harness({.route = "origins = [\"https://good.example\"]"});
  harness.FromClient(RequestWith("Origin: https://good.example\r\n"));
  EXPECT_EQ(harness.state(), State::kDialing);
}

TEST(Handshake, RefusesWithTheStatusOfTheFault) {
  const std::string long_name(100, 'x');
  const struct {
    std::string request;
    const char* status;
  } rows[] = {
      {"GET /elsewhere HTTP/1.1\r\nHost: a\r\n\r\n", "404"},
      {"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n", "426"},
      {"GET /echo HTTP/1.1\r\n\r\n", "400"},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
       "405"},
      {"GET /echo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
       "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
       "426"},
      {RequestWith("Origin: https://bad.example\r\n"), "403"},
      {RequestWith("Folded: a\r\n b\r\n"), "400"},
      {"GET /echo HTTP/2.0\r\n", "505"},
      {"\x16\x03\x01\x02", "400"},
      {RequestWith("Long: " + std::string(2000, 'x') + "\r\n"), "431"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.request);
    Harness harness(
        {.route = "origins = [\"https://good.example\"]", .limits = "head_max = \"1KiB\""});
    harness.FromClient(row.request);
    EXPECT_EQ(harness.Story(), "send client, finish client, timer");
    ExpectRefusal(harness, row.status);
    ExpectEnding(harness, EndSide::kGateway, EndReason::kRefused, std::stoi(row.status));
  }
}

TEST(Handshake, RefusesASubprotocolWhoseNameDoesNotFitTheAnswer) {
  const std::string name(480, 'x');
  const std::string route = "subprotocols = [\"" + name + "\"]";
  Harness harness({.route = route});
  harness.FromClient(RequestWith("Sec-WebSocket-Protocol: " + name + "\r\n"));
  ExpectRefusal(harness, "500");
}

TEST(Handshake, DiscardsAndCountsWhatComesBehindARefusal) {
  Harness harness;
  harness.FromClient("GET /elsewhere HTTP/1.1\r\nHost: a\r\n\r\n");
  harness.FromClient("more");
  EXPECT_EQ(harness.Story(), "");
  EXPECT_EQ(harness.counters().bytes_discarded.value(), 4U);
  EXPECT_EQ(harness.session().ReadingOf(kClient), Reading::kContinuous);
}

TEST(Handshake, PutsAHeadThatComesByteByByteTogetherInOneCell) {
  Harness harness;
  for (size_t i = 0; i + 1 < kRequest.size(); ++i) {
    harness.FromClient(kRequest.substr(i, 1));
    ASSERT_EQ(harness.Story(), "") << i;
    ASSERT_EQ(harness.leased(BufferClass::kCell), 1U);
    ASSERT_EQ(harness.leased(BufferClass::kChunk), 0U);
  }
  harness.FromClient(kRequest.substr(kRequest.size() - 1));
  EXPECT_EQ(harness.state(), State::kDialing);
  EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
  EXPECT_EQ(harness.leased(BufferClass::kCell), 1U) << "the answer";
}

TEST(Handshake, MovesAHeadThatOutgrowsItsCellToAChunkOfTheHalfOpen) {
  const std::string request = RequestWith("Long: " + std::string(1000, 'x') + "\r\n");
  Harness harness;
  for (size_t i = 0; i + 1 < request.size(); ++i) {
    harness.FromClient(request.substr(i, 1));
    ASSERT_EQ(harness.Story(), "") << i;
    ASSERT_EQ(harness.leased(BufferClass::kCell), i < 512 ? 1U : 0U) << i;
    ASSERT_EQ(harness.held(harness.stores().half_open()), i < 512 ? 0U : 1U) << i;
  }
  EXPECT_EQ(harness.leased(BufferClass::kChunk), 1U);
  harness.FromClient(request.substr(request.size() - 1));
  EXPECT_EQ(harness.state(), State::kDialing);
  EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
}

TEST(Handshake, TakesAHeadAsLongAsAllowedInPieces) {
  std::string request = RequestWith("Long: \r\n");
  request.insert(request.size() - 4, std::string(16384 - request.size(), 'x'));
  Harness harness;
  for (size_t at = 0; at < request.size(); at += 4096) {
    harness.FromClient(std::string_view(request).substr(at, 4096));
  }
  EXPECT_EQ(harness.state(), State::kDialing);
}

TEST(Handshake, RefusesAHeadThatOutgrowsItsChunk) {
  Harness harness;
  harness.FromClient("GET /echo HTTP/1.1\r\nHost: a\r\nLong: ");
  for (int i = 0; i < 3; ++i) harness.FromClient(std::string(4096, 'x'));
  ASSERT_EQ(harness.state(), State::kHandshake);
  harness.FromClient(std::string(4096, 'x'));
  ExpectRefusal(harness, "431");
  EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
}

TEST(Handshake, ForwardsWhatCameBehindTheHeadWhenTheBackendIsThere) {
  const std::string stream = std::string(kRequest) + Binary("first") + Text("second");
  for (size_t cut = 0; cut <= kRequest.size(); ++cut) {
    SCOPED_TRACE(cut);
    Harness harness;
    if (cut > 0 && cut < kRequest.size()) harness.FromClient(stream.substr(0, cut));
    harness.FromClient(stream.substr(cut % kRequest.size()));
    ASSERT_EQ(harness.Story(), "dial, timer");
    EXPECT_EQ(harness.leased(BufferClass::kCell), 2U) << "the answer, and the frames";
    harness.Dialed();
    EXPECT_EQ(harness.Story(), "send client, timer, send backend");
    EXPECT_EQ(harness.ToBackend(), "firstsecond");
    EXPECT_EQ(harness.leased(BufferClass::kCell), 0U);
  }
}

TEST(Handshake, DoesAllThatWaitsBehindTheHeadInOrder) {
  Harness harness;
  harness.FromClient(std::string(kRequest) + Binary("bytes") + Ping("p") + Close(1000, "bye"));
  harness.Dialed();
  EXPECT_EQ(harness.Story(),
            "send client, timer, send backend, pongs client, send client, finish backend, "
            "finish client, timer");
  EXPECT_EQ(harness.ToBackend(), "bytes");
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 101 "));
  ExpectEnding(harness, EndSide::kClient, EndReason::kClientClose, 1000);
}

TEST(Handshake, KeepsWhatCameWithTheEndOfAHeadThatFillsItsChunk) {
  const std::string request = RequestWith("Long: " + std::string(15000, 'x') + "\r\n");
  const std::string frames = Binary(std::string(3500, 'y'));
  Harness harness;
  size_t at = 100;
  harness.FromClient(std::string_view(request).substr(0, at));
  for (; request.size() - at > 4096; at += 4096) {
    harness.FromClient(std::string_view(request).substr(at, 4096));
  }
  harness.FromClient((request.substr(at) + frames).substr(0, 4096));
  ASSERT_EQ(harness.Story(), "dial, timer");
  harness.Dialed();
  harness.FromClient((request.substr(at) + frames).substr(4096));
  EXPECT_EQ(harness.ToBackend(), std::string(3500, 'y'));
}

TEST(Handshake, AnswersHeadWithoutABody) {
  for (const char* request : {"HEAD /echo HTTP/1.1\r\nHost: a\r\n\r\n",
                              "HEAD /echo HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"}) {
    Harness whole;
    whole.FromClient(request);
    EXPECT_TRUE(whole.ToClient().ends_with("\r\n\r\n")) << whole.ToClient();
    Harness cut;
    for (const char* byte = request; cut.ToClient().empty(); ++byte) cut.FromClient({byte, 1});
    EXPECT_EQ(cut.ToClient(), whole.ToClient());
  }
}

TEST(Handshake, RefusesAnyOtherMethodAsNotAllowed) {
  Harness harness;
  harness.FromClient("POST /echo HTTP/1.1\r\nHost: a\r\n\r\n");
  ExpectRefusal(harness, "405");
}

TEST(Handshake, KeepsAFrameThatIsCutBehindTheHead) {
  Harness harness;
  const std::string ping = Ping("hello");
  harness.FromClient(std::string(kRequest) + ping.substr(0, 4));
  harness.Dialed();
  EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
  EXPECT_EQ(harness.leased(BufferClass::kCell), 1U);
  harness.Forget();
  harness.FromClient(ping.substr(4));
  EXPECT_EQ(harness.FramesToClient(), (std::vector<ServerFrame>{{kPongOpcode, "hello"}}));
}

TEST(Handshake, SaysAs502WhyTheBackendCouldNotBeReached) {
  Harness harness;
  harness.FromClient(std::string(kRequest) + Binary("bytes"));
  harness.DialFailed("the backend refused the connection");
  EXPECT_EQ(harness.Story(), "send client, finish client, timer");
  ExpectRefusal(harness, "502");
  EXPECT_TRUE(harness.ToClient().ends_with("\r\n\r\nthe backend refused the connection\n"));
  ExpectEnding(harness, EndSide::kBackend, EndReason::kDialFailed, 502);
  EXPECT_EQ(harness.leased(BufferClass::kCell), 0U);
  EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
}

TEST(Handshake, GivesUpABackendThatDoesNotAnswerInTime) {
  Harness harness({.backend = "try_timeout = \"3s\""});
  harness.FromClient(kRequest);
  EXPECT_EQ(harness.due_ns(), harness.now_ns() + 3 * kSecond);
  harness.WaitUntilDue();
  EXPECT_EQ(harness.Story(), "drop backend, send client, finish client, timer");
  ExpectRefusal(harness, "502");
  ExpectEnding(harness, EndSide::kBackend, EndReason::kDialFailed, 502);
  EXPECT_EQ(harness.counters().dials_failed.value(), 1U);
}

TEST(Handshake, RefusesAClientThatIsTooSlow) {
  Harness harness({.limits = "handshake_timeout = \"2s\""});
  EXPECT_EQ(harness.due_ns(), harness.now_ns() + 2 * kSecond);
  harness.FromClient(kRequest.substr(0, 10));
  harness.Advance(kSecond);
  harness.FromClient(kRequest.substr(10, 10));
  harness.WaitUntilDue();
  ExpectRefusal(harness, "408");
  ExpectEnding(harness, EndSide::kGateway, EndReason::kHandshakeTimeout, 408);
  EXPECT_EQ(harness.counters().handshakes_timed_out.value(), 1U);
  EXPECT_EQ(harness.now_ns(), Harness::kBeginNs + 2 * kSecond);
}

TEST(Handshake, ClosesAConnectionThatNeverSentAByteWithoutAWord) {
  Harness harness({.limits = "handshake_timeout = \"2s\""});
  harness.WaitUntilDue();
  EXPECT_EQ(harness.Story(), "drop client, timer");
  EXPECT_EQ(harness.ToClient(), "");
  ExpectEnding(harness, EndSide::kGateway, EndReason::kHandshakeTimeout, 0);
  EXPECT_EQ(harness.counters().handshakes_timed_out.value(), 1U);
  EXPECT_EQ(harness.counters().handshakes_refused.value(), 0U);
}

TEST(Handshake, RefusesMethodsThatNobodyKnowsAndThoseThatOpenNothing) {
  for (const auto& [method, status] :
       {std::pair{"BREW", "501"}, {"get", "501"}, {"POST", "405"}, {"PROPFIND", "405"}}) {
    Harness harness;
    harness.FromClient(std::string(method) + " /echo HTTP/1.1\r\nHost: a\r\n\r\n");
    ExpectRefusal(harness, status);
  }
}

TEST(Handshake, OverHttp10IsRefusedAndOverHttp12Accepted) {
  std::string request(kRequest);
  const size_t minor = request.find("HTTP/1.1") + 7;
  request[minor] = '0';
  Harness harness;
  harness.FromClient(request);
  ExpectRefusal(harness, "505");
  EXPECT_NE(harness.ToClient().find("proxy_http_version"), std::string::npos);
  request[minor] = '2';
  harness.Accept();
  harness.FromClient(request);
  EXPECT_EQ(harness.Story(), "dial, timer");
  harness.Dialed();
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 101 "));
}

TEST(Handshake, EndsWithAClientThatLeavesBeforeItsRequestIsWhole) {
  for (const LinkEnd end : {LinkEnd::kFin, LinkEnd::kReset}) {
    for (const size_t bytes : {0UL, 10UL}) {
      Harness harness;
      if (bytes > 0) harness.FromClient(kRequest.substr(0, bytes));
      harness.End(kClient, end);
      EXPECT_TRUE(harness.over());
      EXPECT_EQ(harness.ToClient(), "");
      ExpectEnding(harness, EndSide::kClient, EndReason::kAbandoned, 0);
      EXPECT_EQ(harness.counters().handshakes_abandoned.value(), 1U);
    }
  }
}

}  // namespace
}  // namespace ringway::session
