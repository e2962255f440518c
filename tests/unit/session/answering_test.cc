// SPDX-License-Identifier: Apache-2.0
//
// websocket mode up to the 101: the request as the backend gets it, and what it answers.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/unit/session/harness.h"

namespace ringway::session {
namespace {

using base::BufferClass;

constexpr HarnessOptions kWebSocket{.websocket = ""};

void SendRequest(Harness& harness, std::string_view request = kWsRequest) {
  harness.FromClient(request);
  harness.Dialed();
  ASSERT_EQ(harness.state(), State::kAnswering);
}

void Expect502(const Harness& harness, std::string_view why = {}) {
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 502 ")) << harness.ToClient();
  EXPECT_NE(harness.ToClient().find(why), std::string::npos) << harness.ToClient();
  EXPECT_TRUE(harness.link(kClient).finished);
  EXPECT_FALSE(harness.link(kBackend).there);
  ExpectEnding(harness, EndSide::kBackend, EndReason::kBadAnswer, 502);
  EXPECT_EQ(harness.counters().answers_refused.value(), 1U);
  EXPECT_EQ(harness.counters().handshakes_refused.value(), 1U);
  EXPECT_EQ(harness.counters().sessions_opened.value(), 0U);
  EXPECT_FALSE(harness.session().upgraded());
  EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
  EXPECT_EQ(harness.leased(BufferClass::kCell), 0U);
}

TEST(Forwarding, SendsTheBackendTheRequestWithWhoTheClientIs) {
  Harness harness(kWebSocket);
  harness.FromClient(kWsRequest);
  EXPECT_EQ(harness.Story(), "dial, timer");
  EXPECT_EQ(harness.session().ReadingOf(kClient), Reading::kNot);
  harness.Dialed();
  EXPECT_EQ(harness.Story(), "send backend, timer");
  EXPECT_EQ(harness.ToBackend(),
            "GET /ws?q=1 HTTP/1.1\r\nHost: example.org\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\n"
            "X-Forwarded-For: 192.0.2.9\r\nX-Forwarded-Proto: http\r\n"
            "X-Forwarded-Host: example.org\r\n"
            "Forwarded: for=192.0.2.9;host=example.org;proto=http\r\n\r\n");
  EXPECT_EQ(harness.ToClient(), "");
  EXPECT_EQ(harness.session().ReadingOf(kClient), Reading::kNot);
  EXPECT_EQ(harness.session().ReadingOf(kBackend), Reading::kOnce);
}

TEST(Forwarding, TellsTheHostOfTheRoute) {
  Harness harness({.websocket = "backend_host = \"app.internal:81\""});
  SendRequest(harness);
  EXPECT_NE(harness.ToBackend().find("\r\nHost: app.internal:81\r\n"), std::string::npos);
  EXPECT_NE(harness.ToBackend().find("\r\nX-Forwarded-Host: example.org\r\n"), std::string::npos);
}

TEST(Forwarding, BelievesOnlyATrustedProxy) {
  const std::string request = HeadWith(kWsRequest, "X-Forwarded-For: 198.51.100.1\r\n");
  Harness doubts({.listener = "trusted_proxies = [\"10.0.0.0/8\"]", .websocket = ""});
  SendRequest(doubts, request);
  EXPECT_NE(doubts.ToBackend().find("\r\nX-Forwarded-For: 192.0.2.9\r\n"), std::string::npos);
  Harness trusts({.listener = "trusted_proxies = [\"192.0.2.0/24\"]", .websocket = ""});
  SendRequest(trusts, request);
  EXPECT_NE(trusts.ToBackend().find("\r\nX-Forwarded-For: 198.51.100.1, 192.0.2.9\r\n"),
            std::string::npos);
}

TEST(Forwarding, ChecksTheHandshakeAsInTcpMode) {
  Harness harness({.websocket = "origins = [\"https://good.example\"]"});
  harness.FromClient(HeadWith(kWsRequest, "Origin: https://bad.example\r\n"));
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 403 "));
  harness.Accept();
  harness.FromClient("GET /ws HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 426 "));
  harness.Accept();
  std::string old(kWsRequest);
  old[old.find("HTTP/1.1") + 7] = '0';
  harness.FromClient(old);
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 505 ")) << harness.ToClient();
}

TEST(Forwarding, TriesTheNextServerWithTheSameRequest) {
  Harness harness(kWebSocket);
  harness.FromClient(kWsRequest);
  const uint32_t first = harness.acts()[0].server_index;
  harness.DialFailed("the backend refused the connection", NextServer::kTry);
  ASSERT_EQ(harness.Story(), "dial, timer");
  EXPECT_EQ(harness.acts()[0].server_index, 1 - first);
  harness.Dialed();
  EXPECT_TRUE(harness.ToBackend().starts_with("GET /ws?q=1 HTTP/1.1\r\n"));
}

TEST(Switching, IsVerifiedAndRelayed) {
  Harness harness(kWebSocket);
  SendRequest(harness);
  harness.FromBackend(kSwitching);
  EXPECT_EQ(harness.Story(), "send client, timer");
  EXPECT_EQ(harness.ToClient(), kRelayedSwitching);
  EXPECT_EQ(harness.state(), State::kOpen);
  EXPECT_TRUE(harness.session().upgraded());
  EXPECT_EQ(harness.session().route()->name, "ws");
  EXPECT_EQ(harness.counters().sessions_opened.value(), 1U);
  EXPECT_EQ(harness.session().ReadingOf(kClient), Reading::kContinuous);
  EXPECT_EQ(harness.session().ReadingOf(kBackend), Reading::kContinuous);
  EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
  EXPECT_EQ(harness.leased(BufferClass::kCell), 0U);
}

TEST(Switching, AgreesOnWhatTheTwoEndsHaveNegotiated) {
  Harness harness(kWebSocket);
  SendRequest(harness, HeadWith(kWsRequest,
                                "Sec-WebSocket-Protocol: chat, mqtt\r\n"
                                "Sec-WebSocket-Extensions: permessage-deflate\r\n"));
  EXPECT_NE(harness.ToBackend().find("\r\nSec-WebSocket-Protocol: chat, mqtt\r\n"),
            std::string::npos);
  const char* fields =
      "Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Extensions: permessage-deflate\r\n";
  harness.FromBackend(HeadWith(kSwitching, fields));
  EXPECT_EQ(harness.state(), State::kOpen);
  EXPECT_NE(harness.ToClient().find(fields), std::string::npos);
}

TEST(Switching, RelaysTheLeftoversOfBothSidesBehindIt) {
  const std::string stream = std::string(kWsRequest) + "client bytes";
  const std::string answer = std::string(kSwitching) + "backend bytes";
  for (const size_t cut : {size_t{0}, size_t{10}, kSwitching.size(), kWsRequest.size()}) {
    SCOPED_TRACE(cut);
    Harness harness(kWebSocket);
    if (cut > 0 && cut < kWsRequest.size()) harness.FromClient(stream.substr(0, cut));
    harness.FromClient(stream.substr(cut % kWsRequest.size()));
    harness.Dialed();
    EXPECT_TRUE(harness.ToBackend().ends_with("\r\n\r\n")) << "before the 101 nothing follows";
    const size_t request_bytes = harness.ToBackend().size();
    const size_t answer_cut = std::min(cut, kSwitching.size());
    if (answer_cut > 0) harness.FromBackend(answer.substr(0, answer_cut));
    harness.FromBackend(answer.substr(answer_cut));
    EXPECT_EQ(harness.ToClient(), std::string(kRelayedSwitching) + "backend bytes");
    EXPECT_EQ(harness.ToBackend().substr(request_bytes), "client bytes");
    harness.FromClient(", more");
    EXPECT_TRUE(harness.ToBackend().ends_with("client bytes, more"));
    EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
  }
}

TEST(Switching, MayComeByteByByte) {
  Harness harness(kWebSocket);
  SendRequest(harness);
  for (size_t i = 0; i + 1 < kSwitching.size(); ++i) {
    harness.FromBackend(kSwitching.substr(i, 1));
    ASSERT_EQ(harness.Story(), "") << i;
    ASSERT_EQ(harness.leased(BufferClass::kChunk), 1U) << "the request";
    ASSERT_EQ(harness.leased(BufferClass::kCell), 1U) << "the answer's front";
  }
  harness.FromBackend(kSwitching.substr(kSwitching.size() - 1));
  EXPECT_EQ(harness.ToClient(), kRelayedSwitching);
  EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
}

TEST(Switching, MayHaveAHeadThatNeedsAChunk) {
  const std::string fields = "Set-Cookie: " + std::string(3000, 'c') + "\r\n";
  Harness harness(kWebSocket);
  SendRequest(harness);
  harness.FromBackend(HeadWith(kSwitching, fields));
  EXPECT_EQ(harness.state(), State::kOpen);
  EXPECT_NE(harness.ToClient().find(fields), std::string::npos);
}

TEST(Interim, AnswersArePassedOverWhereverTheyAreCut) {
  const std::string interim =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  const std::string answer = interim + std::string(kSwitching) + "behind";
  for (size_t cut = 0; cut <= answer.size(); ++cut) {
    SCOPED_TRACE(cut);
    Harness harness(kWebSocket);
    SendRequest(harness);
    if (cut > 0) harness.FromBackend(answer.substr(0, cut));
    if (cut < answer.size()) harness.FromBackend(answer.substr(cut));
    ASSERT_EQ(harness.ToClient(), std::string(kRelayedSwitching) + "behind");
  }
}

TEST(Interim, AnswersWithoutEndAre502) {
  std::string answers;
  for (int i = 0; i < 9; ++i) answers += "HTTP/1.1 103 Early Hints\r\n\r\n";
  Harness harness(kWebSocket);
  SendRequest(harness);
  harness.FromBackend(answers);
  Expect502(harness, "too many answers of class 1xx");
}

TEST(BadSwitching, Is502AndSaysWhy) {
  const struct {
    std::string answer;
    const char* why;
  } rows[] = {
      {"HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "Accept is missing"},
      {"HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
       "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOO=\r\n\r\n",
       "not the one for this key"},
      {"HTTP/1.1 101 x\r\nUpgrade: websocket\r\n"
       "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
       "Connection: Upgrade"},
      {HeadWith(kSwitching, "Sec-WebSocket-Protocol: chat\r\n"), "subprotocol"},
      {HeadWith(kSwitching, "Sec-WebSocket-Extensions: x\r\n"), "extension"},
      {HeadWith(kSwitching, "Bad : x\r\n"), "before the colon"},
      {"no HTTP at all", "does not begin with"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       "both Content-Length and Transfer-Encoding"},
      {"HTTP/1.1 200 OK\r\nLong: " + std::string(2000, 'x') + "\r\n\r\n", "too long"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.answer);
    Harness whole({.limits = "head_max = \"1KiB\"", .websocket = ""});
    SendRequest(whole, std::string(kWsRequest) + "waits behind the request");
    whole.FromBackend(row.answer);
    EXPECT_EQ(whole.Story(), "drop backend, send client, finish client, timer");
    Expect502(whole, row.why);
    Harness bytes({.limits = "head_max = \"1KiB\"", .websocket = ""});
    SendRequest(bytes);
    for (size_t i = 0; i < row.answer.size() && bytes.state() == State::kAnswering; ++i) {
      bytes.FromBackend(row.answer.substr(i, 1));
    }
    EXPECT_EQ(bytes.ToClient(), whole.ToClient());
    Expect502(bytes, row.why);
  }
}

TEST(Answering, IsGivenUpAfterTheHandshakeTimeoutWith504) {
  Harness harness({.limits = "handshake_timeout = \"7s\"", .websocket = ""});
  harness.FromClient(std::string(kWsRequest) + "waits");
  harness.Advance(kSecond);
  harness.Dialed();
  EXPECT_EQ(harness.due_ns(), harness.now_ns() + 7 * kSecond);
  harness.Advance(6 * kSecond);
  harness.FromBackend(kSwitching.substr(0, 10));
  EXPECT_EQ(harness.leased(BufferClass::kChunk), 1U) << "the request";
  EXPECT_EQ(harness.leased(BufferClass::kCell), 2U)
      << "what came behind it, and the answer's front";
  harness.WaitUntilDue();
  EXPECT_EQ(harness.Story(), "drop backend, send client, finish client, timer");
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 504 "));
  ExpectEnding(harness, EndSide::kBackend, EndReason::kAnswerTimeout, 504);
  EXPECT_EQ(harness.counters().answers_timed_out.value(), 1U);
  EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
}

TEST(Answering, EndsWith502WhenTheBackendDoes) {
  for (const LinkEnd end : {LinkEnd::kFin, LinkEnd::kReset}) {
    for (const size_t bytes : {size_t{0}, size_t{20}}) {
      Harness harness(kWebSocket);
      SendRequest(harness);
      if (bytes > 0) harness.FromBackend(kSwitching.substr(0, bytes));
      harness.End(kBackend, end);
      Expect502(harness, "closed the connection before it had answered");
    }
  }
}

TEST(Answering, EndsWithAClientThatIsGone) {
  Harness harness(kWebSocket);
  SendRequest(harness);
  harness.End(kClient, LinkEnd::kReset);
  EXPECT_TRUE(harness.over());
  ExpectEnding(harness, EndSide::kClient, EndReason::kAbandoned, 0);
  EXPECT_EQ(harness.counters().handshakes_abandoned.value(), 1U);
}

TEST(Answering, IsDrainedWith503) {
  Harness harness(kWebSocket);
  SendRequest(harness);
  harness.FromBackend(kSwitching.substr(0, 20));
  harness.Drain();
  EXPECT_EQ(harness.Story(), "drop backend, send client, finish client, timer");
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 503 "));
  ExpectEnding(harness, EndSide::kGateway, EndReason::kDrain, 503);
  EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
}

/// The harness's backends are "first" and "second"; its routes lead to the latter.
base::AccountId BackendAccount(const Harness& harness) { return harness.stores().backend(1); }

void ExpectTooManyHandshakes(const Harness& harness) {
  EXPECT_EQ(harness.Story(), "send client, finish client, timer") << "nobody is dialled";
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 503 "));
  EXPECT_NE(harness.ToClient().find("\r\nRetry-After: "), std::string::npos);
  EXPECT_TRUE(harness.ToClient().ends_with(
      "too many handshakes wait for this backend's answer; try again later\n"));
  ExpectEnding(harness, EndSide::kGateway, EndReason::kRefused, 503);
  EXPECT_EQ(harness.counters().handshakes_over_share.value(), 1U);
  EXPECT_EQ(harness.counters().pool_exhausted.value(), 0U);
}

TEST(BackendsShare, OfHandshakesUnderWayIsHalfOfAllThatMayBe) {
  Harness harness(kWebSocket);
  harness.HoardHeld(BackendAccount(harness), 0);
  EXPECT_EQ(harness.held(BackendAccount(harness)), 24U) << "of the quarter of 192 chunks";
  harness.FromClient(kWsRequest);
  ExpectTooManyHandshakes(harness);
}

TEST(BackendsShare, IsNotTouchedByWhatOthersHold) {
  Harness harness(kWebSocket);
  harness.HoardHeld(harness.stores().backend(0), 0);
  harness.HoardHeld(harness.stores().half_open(), 0);
  harness.FromClient(kWsRequest);
  EXPECT_EQ(harness.state(), State::kDialing);
}

TEST(BackendsShare, LetsTheNextOneInWhenAnAnswerHasCome) {
  Harness harness(kWebSocket);
  harness.HoardHeld(BackendAccount(harness), 1);
  harness.FromClient(kWsRequest);
  EXPECT_EQ(harness.held(BackendAccount(harness)), 24U);
  harness.Dialed();
  harness.FromBackend(kSwitching);
  ASSERT_EQ(harness.state(), State::kOpen);
  EXPECT_EQ(harness.held(BackendAccount(harness)), 23U);
}

TEST(BackendsShare, IsUsedUpToAHandshakeInOnePieceWithoutAChunk) {
  Harness harness(kWebSocket);
  harness.Hoard(BufferClass::kChunk, 0);
  harness.FromClient(kWsRequest);
  ExpectTooManyHandshakes(harness);
}

TEST(NoChunk, ForAnAnswerInPiecesIs503AndKeepsNoReceiveBuffer) {
  Harness harness(kWebSocket);
  SendRequest(harness);
  harness.Hoard(BufferClass::kChunk, 0);
  harness.FromBackend(
      HeadWith(kSwitching, "Set-Cookie: " + std::string(600, 'c') + "\r\n").substr(0, 600));
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(harness.Story(), "drop backend, send client, finish client, timer");
  ExpectEnding(harness, EndSide::kGateway, EndReason::kPoolExhausted, 503);
}

TEST(NoChunk, ForALongHeadIs503) {
  Harness harness(kWebSocket);
  SendRequest(harness);
  harness.Hoard(BufferClass::kChunk, 0);
  harness.FromBackend(HeadWith(kSwitching, "Set-Cookie: " + std::string(3000, 'c') + "\r\n"));
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 503 "));
  ExpectEnding(harness, EndSide::kGateway, EndReason::kPoolExhausted, 503);
}

TEST(NoCell, BeyondTheSessionsOwnIsNeededForTheRelayed101) {
  Harness harness(kWebSocket);
  SendRequest(harness);
  harness.HoardCells();
  harness.Hoard(BufferClass::kChunk, 0);
  harness.FromBackend(kSwitching);
  EXPECT_EQ(harness.ToClient(), kRelayedSwitching);
  EXPECT_EQ(harness.state(), State::kOpen);
}

TEST(NoSlices, WhileTheBackendAnswersIs503) {
  Harness harness(kWebSocket);
  SendRequest(harness);
  harness.FromBackend(kSwitching.substr(0, 20));
  harness.Exhaust();
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 503 "));
  EXPECT_FALSE(harness.link(kBackend).there);
  EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
}

}  // namespace
}  // namespace ringway::session
