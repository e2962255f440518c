// SPDX-License-Identifier: Apache-2.0
//
// websocket mode when the backend answers with anything but a 101: its answer is relayed whole, and
// the client may ask again where HTTP/1.1 allows it.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tests/unit/session/harness.h"

namespace ringway::session {
namespace {

using base::BufferClass;

constexpr HarnessOptions kWebSocket{.websocket = ""};

constexpr std::string_view kLength =
    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 5\r\n\r\n";
constexpr std::string_view kChunked =
    "HTTP/1.1 503 Busy\r\nRetry-After: 3\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::string_view kUntilClose = "HTTP/1.1 200 OK\r\nServer: s\r\n\r\n";
constexpr std::string_view kNoBody = "HTTP/1.1 204 No Content\r\nServer: s\r\n\r\n";
constexpr std::string_view kChunkedBody = "3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n";
constexpr std::string_view kKeepOpen = "\r\nConnection: keep-alive\r\n";
constexpr std::string_view kClose = "\r\nConnection: close\r\n";

void Ask(Harness& harness, std::string_view request = kWsRequest) {
  harness.FromClient(request);
  harness.Dialed();
  ASSERT_EQ(harness.state(), State::kAnswering);
}

bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// The client's connection is free for its next request as soon as the backend's is gone.
void ExpectReadyAgain(Harness& harness) {
  EXPECT_EQ(harness.state(), State::kHandshake);
  EXPECT_FALSE(harness.link(kBackend).there);
  EXPECT_FALSE(harness.link(kClient).finished);
  EXPECT_EQ(harness.session().ReadingOf(kClient), Reading::kNot);
  harness.Below();
  EXPECT_EQ(harness.session().ReadingOf(kClient), Reading::kOnce);
  EXPECT_EQ(harness.ending().reason, EndReason::kNone);
  EXPECT_EQ(harness.counters().answers_relayed.value(), 1U);
  EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
  EXPECT_EQ(harness.leased(BufferClass::kCell), 0U);
}

void ExpectAnsweredAndFinished(const Harness& harness, int status) {
  EXPECT_TRUE(harness.link(kClient).finished);
  EXPECT_FALSE(harness.link(kBackend).there);
  ExpectEnding(harness, EndSide::kBackend, EndReason::kAnswered, status);
  EXPECT_EQ(harness.counters().answers_relayed.value(), 1U);
  EXPECT_EQ(harness.counters().answers_refused.value(), 0U);
}

void ExpectCut(const Harness& harness, int status) {
  EXPECT_TRUE(harness.link(kClient).finished);
  EXPECT_FALSE(harness.link(kBackend).there);
  ExpectEnding(harness, EndSide::kBackend, EndReason::kBadAnswer, status);
  EXPECT_EQ(harness.counters().answers_relayed.value(), 0U);
  EXPECT_EQ(harness.counters().answers_refused.value(), 1U);
}

TEST(Relaying, KeepsTheClientBehindABodyOfKnownLength) {
  Harness harness(kWebSocket);
  Ask(harness);
  harness.FromBackend(kLength);
  EXPECT_EQ(harness.Story(), "send client, timer");
  EXPECT_EQ(harness.state(), State::kRelaying);
  EXPECT_EQ(harness.session().ReadingOf(kClient), Reading::kNot);
  EXPECT_EQ(harness.session().ReadingOf(kBackend), Reading::kContinuous);
  harness.FromBackend("hel");
  harness.FromBackend("lo and what belongs to nobody");
  EXPECT_EQ(harness.Story(), "send client, drop backend, below client, timer");
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 401 Unauthorized\r\n"));
  EXPECT_TRUE(Has(harness.ToClient(), "\r\nContent-Length: 5\r\n"));
  EXPECT_TRUE(Has(harness.ToClient(), kKeepOpen));
  EXPECT_TRUE(harness.ToClient().ends_with("\r\n\r\nhello"));
  ExpectReadyAgain(harness);
}

TEST(Relaying, KeepsTheClientBehindAChunkedBodyHoweverItIsCut) {
  const std::string answer = std::string(kChunked) + std::string(kChunkedBody) + "ghost";
  for (size_t cut = 0; cut <= kChunked.size() + kChunkedBody.size(); ++cut) {
    SCOPED_TRACE(cut);
    Harness harness(kWebSocket);
    Ask(harness);
    if (cut > 0) harness.FromBackend(answer.substr(0, cut));
    if (harness.state() != State::kHandshake) harness.FromBackend(answer.substr(cut));
    EXPECT_TRUE(Has(harness.ToClient(), "\r\nTransfer-Encoding: chunked\r\n"));
    EXPECT_TRUE(harness.ToClient().ends_with(std::string("\r\n\r\n").append(kChunkedBody)));
    ExpectReadyAgain(harness);
  }
}

TEST(Relaying, KeepsTheClientBehindAnAnswerWithoutABody) {
  for (const std::string_view answer :
       {kNoBody, std::string_view("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"),
        std::string_view("HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n")}) {
    Harness harness(kWebSocket);
    Ask(harness);
    harness.FromBackend(answer);
    EXPECT_EQ(harness.Story(), "send client, timer, drop backend, below client, timer");
    EXPECT_TRUE(Has(harness.ToClient(), kKeepOpen));
    ExpectReadyAgain(harness);
  }
}

TEST(Relaying, EndsTheClientBehindABodyUntilTheBackendsEnd) {
  Harness harness(kWebSocket);
  Ask(harness);
  harness.FromBackend(std::string(kUntilClose) + "some");
  harness.FromBackend(" more");
  harness.End(kBackend, LinkEnd::kFin);
  EXPECT_EQ(harness.Story(), "drop backend, finish client, timer");
  EXPECT_TRUE(Has(harness.ToClient(), kClose));
  EXPECT_TRUE(harness.ToClient().ends_with("\r\n\r\nsome more"));
  ExpectAnsweredAndFinished(harness, 200);
}

TEST(Relaying, EndsAClientThatWantsItSo) {
  std::string request(kWsRequest);
  request.replace(request.find("Connection: Upgrade"), 19, "Connection: close, Upgrade");
  Harness harness(kWebSocket);
  Ask(harness, request);
  harness.FromBackend(std::string(kLength) + "hello");
  EXPECT_TRUE(Has(harness.ToClient(), kClose));
  EXPECT_TRUE(harness.ToClient().ends_with("\r\n\r\nhello"));
  ExpectAnsweredAndFinished(harness, 401);
}

TEST(Relaying, DoesNotCareWhetherTheBackendKeepsItsOwnConnection) {
  Harness harness(kWebSocket);
  Ask(harness);
  harness.FromBackend("HTTP/1.0 401 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno");
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 401 No\r\n"));
  EXPECT_TRUE(Has(harness.ToClient(), kKeepOpen));
  ExpectReadyAgain(harness);
}

TEST(Relaying, CutsTheClientWhereTheBodyIsCutShort) {
  for (const LinkEnd end : {LinkEnd::kFin, LinkEnd::kReset}) {
    for (const std::string& answer :
         {std::string(kLength) + "hel", std::string(kChunked) + "3\r\nab", std::string(kChunked)}) {
      Harness harness(kWebSocket);
      Ask(harness, std::string(kWsRequest) + std::string(kWsRequest));
      harness.FromBackend(answer);
      harness.End(kBackend, end);
      EXPECT_EQ(harness.Story(), "drop backend, finish client, timer");
      ExpectCut(harness, answer.starts_with(kLength) ? 401 : 503);
      EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
    }
  }
}

TEST(Relaying, CutsTheClientWhereTheBodyIsMalformed) {
  Harness harness(kWebSocket);
  Ask(harness);
  harness.FromBackend(std::string(kChunked) + "3\r\nabc\r\nx\r\n");
  EXPECT_TRUE(harness.ToClient().ends_with("\r\n\r\n3\r\nabc\r\n")) << harness.ToClient();
  ExpectCut(harness, 503);
}

TEST(Relaying, GivesUpABackendThatStopsInTheMiddle) {
  Harness harness({.limits = "idle_timeout = \"60s\"", .websocket = ""});
  Ask(harness);
  harness.FromBackend(kLength);
  harness.Advance(50 * kSecond);
  harness.FromBackend("h");
  const uint64_t last = harness.now_ns();
  while (harness.state() == State::kRelaying) harness.WaitUntilDue();
  EXPECT_EQ(harness.now_ns(), last + 60 * kSecond);
  EXPECT_TRUE(harness.link(kClient).finished);
  EXPECT_FALSE(harness.link(kBackend).there);
  ExpectEnding(harness, EndSide::kGateway, EndReason::kIdle, 401);
  EXPECT_EQ(harness.counters().idle_timeouts.value(), 1U);
}

TEST(Relaying, WaitsForAClientThatTakesItSlowly) {
  Harness harness({.limits = "idle_timeout = \"60s\"", .websocket = ""});
  Ask(harness);
  harness.FromBackend(kLength);
  for (int i = 0; i < 5; ++i) {
    harness.Advance(50 * kSecond);
    harness.session().OnSent(kClient, harness.now_ns());
    if (harness.now_ns() >= harness.due_ns()) harness.Due();
    ASSERT_EQ(harness.state(), State::kRelaying);
  }
}

TEST(Relaying, EndsWithAClientThatIsGone) {
  Harness harness(kWebSocket);
  Ask(harness);
  harness.FromBackend(std::string(kLength) + "h");
  harness.End(kClient, LinkEnd::kReset);
  EXPECT_TRUE(harness.over());
  ExpectEnding(harness, EndSide::kClient, EndReason::kAbandoned, 0);
}

TEST(Relaying, IsNotCutByADrainAndNothingIsReadBehindIt) {
  Harness harness(kWebSocket);
  Ask(harness, std::string(kWsRequest) + std::string(kWsRequest));
  harness.FromBackend(std::string(kLength) + "hel");
  harness.Drain();
  EXPECT_EQ(harness.Story(), "");
  harness.FromBackend("lo");
  EXPECT_TRUE(harness.ToClient().ends_with("\r\n\r\nhello"));
  ExpectAnsweredAndFinished(harness, 401);
  EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
}

TEST(Relaying, ThatADrainHasToCutEndsAsDrained) {
  Harness harness(kWebSocket);
  Ask(harness);
  harness.FromBackend(std::string(kLength) + "hel");
  harness.Drain();
  harness.Cut();
  EXPECT_TRUE(harness.over());
  EXPECT_TRUE(harness.session().cut());
  ExpectEnding(harness, EndSide::kGateway, EndReason::kDrain, 0);
}

TEST(Relaying, WithoutSlicesNothingFollowsTheGap) {
  Harness harness(kWebSocket);
  Ask(harness);
  harness.FromBackend(std::string(kLength) + "hel");
  harness.Forget();
  harness.Exhaust();
  EXPECT_TRUE(harness.over());
  EXPECT_EQ(harness.ToClient(), "");
  ExpectEnding(harness, EndSide::kGateway, EndReason::kPoolExhausted, 0);
}

TEST(Relaying, WithoutASliceForItsLastPieceNothingFollowsTheGap) {
  Harness harness(kWebSocket);
  Ask(harness);
  harness.FromBackend(kLength);
  harness.FromBackend("hello");
  ASSERT_EQ(harness.state(), State::kHandshake);
  harness.Forget();
  harness.Exhaust();  // as the worker says it: in the same call
  EXPECT_EQ(harness.ToClient(), "") << "it would be taken for the body";
  EXPECT_TRUE(harness.over());
  ExpectEnding(harness, EndSide::kGateway, EndReason::kPoolExhausted, 0);
}

TEST(NextRequest, IsServedOnTheSameConnection) {
  Harness harness(kWebSocket);
  Ask(harness);
  harness.FromBackend(std::string(kLength) + "hello");
  EXPECT_EQ(harness.occupancy().of_route(1), 0U);
  EXPECT_EQ(harness.occupancy().on_server(1) + harness.occupancy().on_server(2), 0U);
  EXPECT_EQ(harness.occupancy().sessions(), 0U) << "who rests is no session";
  ExpectReadyAgain(harness);
  harness.Forget();
  harness.OpenWebSocket();
  EXPECT_EQ(harness.occupancy().of_route(1), 1U);
  harness.FromClient("bytes");
  EXPECT_EQ(harness.ToBackend(), "bytes");
  EXPECT_EQ(harness.counters().sessions_opened.value(), 1U);
}

TEST(NextRequest, MayBeForTheOtherMode) {
  Harness harness(kWebSocket);
  Ask(harness);
  harness.FromBackend(kNoBody);
  harness.Below();
  harness.Open();
  harness.FromClient(Binary("bytes"));
  EXPECT_EQ(harness.ToBackend(), "bytes");
  EXPECT_EQ(harness.session().route()->name, "r");
}

TEST(NextRequest, MayBePipelined) {
  const std::string two = std::string(kWsRequest) + std::string(kWsRequest);
  for (const size_t cut : {two.size(), kWsRequest.size() + 1, two.size() - 1}) {
    Harness harness(kWebSocket);
    Ask(harness, (two + "frames").substr(0, cut));
    const std::string request = harness.ToBackend();
    harness.FromBackend(std::string(kLength) + "hello");
    EXPECT_EQ(harness.state(), State::kHandshake) << "the client has not taken enough yet";
    harness.Below();
    if (cut == two.size()) {
      EXPECT_EQ(harness.Story(), "timer, dial, timer");
    } else {
      EXPECT_EQ(harness.Story(), "timer");
      EXPECT_EQ(harness.leased(BufferClass::kCell), 1U);
      harness.Forget();
      harness.FromClient((two + "frames").substr(cut));
      EXPECT_EQ(harness.Story(), "dial, timer");
    }
    harness.Forget();
    harness.Dialed();
    EXPECT_EQ(harness.ToBackend(), request);
    harness.FromBackend(kSwitching);
    EXPECT_EQ(harness.ToClient(), kRelayedSwitching);
    EXPECT_EQ(harness.ToBackend(), request + (cut < two.size() ? "frames" : ""));
    EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
  }
}

TEST(NextRequest, ThatWaitsInPartNeedsNoSecondBuffer) {
  Harness harness(kWebSocket);
  Ask(harness, std::string(kWsRequest) + std::string(kWsRequest.substr(0, 20)));
  harness.FromBackend(kNoBody);
  harness.HoardCells();
  harness.Hoard(BufferClass::kChunk, 0);
  harness.Below();
  EXPECT_EQ(harness.Story(), "timer");
  EXPECT_EQ(harness.state(), State::kHandshake);
  harness.Release();
  harness.FromClient(kWsRequest.substr(20));
  EXPECT_EQ(harness.state(), State::kDialing);
}

TEST(NextRequest, HasItsOwnTime) {
  Harness harness({.limits = "handshake_timeout = \"7s\"", .websocket = ""});
  Ask(harness);
  harness.FromBackend(kNoBody);
  harness.Below();
  EXPECT_EQ(harness.due_ns(), harness.now_ns() + 7 * kSecond);
  harness.FromClient(kWsRequest.substr(0, 20));
  harness.WaitUntilDue();
  EXPECT_TRUE(Has(harness.ToClient(), "HTTP/1.1 408 "));
  ExpectEnding(harness, EndSide::kGateway, EndReason::kHandshakeTimeout, 408);
}

TEST(NextRequest, ThatIsBadIsRefusedBehindTheAnswer) {
  Harness harness(kWebSocket);
  Ask(harness, std::string(kWsRequest) + "GET /elsewhere HTTP/1.1\r\nHost: a\r\n\r\n");
  harness.FromBackend(std::string(kLength) + "hello");
  harness.Below();
  EXPECT_TRUE(Has(harness.ToClient(), "\r\n\r\nhelloHTTP/1.1 404 "));
  ExpectEnding(harness, EndSide::kGateway, EndReason::kRefused, 404);
}

TEST(NextRequest, ThatIsAbandonedCountsAsSuch) {
  for (const size_t bytes : {size_t{20}, kWsRequest.size()}) {
    Harness harness(kWebSocket);
    Ask(harness);
    harness.FromBackend(kNoBody);
    harness.Below();
    harness.FromClient(kWsRequest.substr(0, bytes));
    harness.End(kClient, LinkEnd::kReset);
    EXPECT_TRUE(harness.over());
    ExpectEnding(harness, EndSide::kClient, EndReason::kAbandoned, 0);
  }
}

using Event = std::function<void(Harness&)>;

TEST(Resting, EndsInOrderSoThatAQueuedAnswerIsNotLost) {
  const struct {
    const char* name;
    Event happen;
    EndSide side;
    EndReason reason;
    uint16_t code;
  } rows[] = {
      {"fin", [](Harness& harness) { harness.End(kClient, LinkEnd::kFin); }, EndSide::kClient,
       EndReason::kAnswered, 401},
      {"due", [](Harness& harness) { harness.WaitUntilDue(); }, EndSide::kClient,
       EndReason::kAnswered, 401},
      {"drain", [](Harness& harness) { harness.Drain(); }, EndSide::kGateway, EndReason::kDrain, 0},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    Harness harness(kWebSocket);
    Ask(harness);
    harness.FromBackend(std::string(kLength) + "hello");
    harness.Below();
    row.happen(harness);
    EXPECT_EQ(harness.Story().find("drop client"), std::string::npos) << "the answer is queued";
    EXPECT_TRUE(harness.link(kClient).finished);
    ExpectEnding(harness, row.side, row.reason, row.code);
    EXPECT_EQ(harness.counters().handshakes_abandoned.value(), 0U);
    EXPECT_EQ(harness.counters().handshakes_timed_out.value(), 0U);
    harness.FromClient("late");
    EXPECT_EQ(harness.Story(), "");
    if (!harness.over()) harness.WaitUntilDue();
    EXPECT_TRUE(harness.over());
  }
}

}  // namespace
}  // namespace ringway::session
