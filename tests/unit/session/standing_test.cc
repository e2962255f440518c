// SPDX-License-Identifier: Apache-2.0
//
// What a connection is while slots are short: half-open, at rest, or a session; and how it ends
// when its slot is wanted, or when its client leaves unread.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/session/serving_text.h"

namespace ringway::session {
namespace {

using base::BufferClass;

constexpr HarnessOptions kWebSocket{.websocket = ""};

TEST(Standing, IsHalfOpenUntilTheRequestIsWhole) {
  Harness harness;
  EXPECT_EQ(harness.session().standing(), Standing::kHalfOpen);
  harness.FromClient(kRequest.substr(0, 10));
  EXPECT_EQ(harness.session().standing(), Standing::kHalfOpen);
  harness.FromClient(kRequest.substr(10));
  EXPECT_EQ(harness.session().standing(), Standing::kSession);
  harness.Dialed();
  EXPECT_EQ(harness.session().standing(), Standing::kSession);
}

TEST(Standing, OfARefusedClientIsLingering) {
  Harness harness;
  harness.FromClient("GET /elsewhere HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(harness.session().standing(), Standing::kLingering) << "it may be closed for others";
}

TEST(Standing, IsAtRestBetweenTwoRequestsAndHalfOpenWithTheFirstByte) {
  Harness harness(kFiles);
  harness.files().Keep("f", "f");
  harness.FromClient(Get("/files/f"));
  EXPECT_EQ(harness.session().standing(), Standing::kSession);
  harness.Below();
  EXPECT_EQ(harness.session().standing(), Standing::kResting);
  harness.FromClient("G");
  EXPECT_EQ(harness.session().standing(), Standing::kHalfOpen);
}

TEST(Standing, IsASessionsWhileItsAnswerIsTaken) {
  Harness harness(kWebSocket);
  harness.FromClient(kWsRequest);
  harness.Dialed();
  harness.FromBackend("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n");
  ASSERT_EQ(harness.state(), State::kHandshake);
  EXPECT_TRUE(harness.below_due());
  EXPECT_EQ(harness.session().standing(), Standing::kSession);
  harness.Below();
  EXPECT_FALSE(harness.below_due());
  EXPECT_EQ(harness.session().standing(), Standing::kResting);
}

TEST(Standing, TellsWhetherAHeadHasOutgrownItsCell) {
  Harness harness;
  const base::Arena& arena = harness.environment()->stores.arena();
  harness.FromClient("GET /echo HTTP/1.1\r\nLong: ");
  EXPECT_FALSE(harness.session().HoldsChunk(arena));
  harness.FromClient(std::string(600, 'x'));
  EXPECT_TRUE(harness.session().HoldsChunk(arena));
}

// ---- Eviction

TEST(Evicted, AHalfOpenClientIsCutWithoutAWord) {
  for (const size_t bytes : {size_t{0}, size_t{10}}) {
    Harness harness;
    if (bytes > 0) harness.FromClient(kRequest.substr(0, bytes));
    harness.Evict();
    EXPECT_EQ(harness.Story(), "drop client, timer");
    EXPECT_TRUE(harness.over());
    EXPECT_EQ(harness.ToClient(), "");
    ExpectEnding(harness, EndSide::kGateway, EndReason::kEvicted, 0);
    EXPECT_EQ(harness.counters().half_open_evicted.value(), 1U);
    EXPECT_EQ(harness.counters().resting_evicted.value(), 0U);
    EXPECT_EQ(harness.leased(BufferClass::kCell), 0U);
  }
}

TEST(Evicted, AClientAtRestIsCutToo) {
  Harness harness(kFiles);
  harness.files().Keep("f", "f");
  harness.FromClient(Get("/files/f"));
  harness.Below();
  harness.Evict();
  EXPECT_TRUE(harness.over());
  ExpectEnding(harness, EndSide::kGateway, EndReason::kEvicted, 0);
  EXPECT_EQ(harness.counters().half_open_evicted.value(), 0U);
  EXPECT_EQ(harness.counters().resting_evicted.value(), 1U);
}

TEST(Evicted, AClientThatWasRefusedKeepsItsFirstCause) {
  Harness harness;
  harness.FromClient("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(harness.session().standing(), Standing::kLingering);
  harness.Evict();
  EXPECT_EQ(harness.Story(), "drop client, timer");
  EXPECT_TRUE(harness.over());
  ExpectEnding(harness, EndSide::kGateway, EndReason::kRefused, 404);
  EXPECT_EQ(harness.counters().half_open_evicted.value(), 1U);
}

TEST(Evicted, AHeadGivesItsChunkBack) {
  Harness harness;
  harness.FromClient("GET /echo HTTP/1.1\r\nLong: " + std::string(600, 'x'));
  EXPECT_EQ(harness.held(harness.stores().half_open()), 1U);
  harness.Evict();
  EXPECT_EQ(harness.held(harness.stores().half_open()), 0U);
}

TEST(Evicted, HasAWordInTheLog) { EXPECT_EQ(Word(EndReason::kEvicted), "evicted"); }

// ---- The end of a client that is not read

TEST(EndsWithFin, OnlyWhileATcpBackendIsDialledAndNothingWaits) {
  Harness harness;
  EXPECT_FALSE(harness.session().EndsWithFin()) << "it is read";
  harness.FromClient(kRequest);
  EXPECT_TRUE(harness.session().EndsWithFin());
  harness.Dialed();
  EXPECT_FALSE(harness.session().EndsWithFin());
}

TEST(EndsWithFin, NotWhileFramesWaitBehindTheRequest) {
  Harness harness;
  harness.FromClient(std::string(kRequest) + Binary("x"));
  EXPECT_FALSE(harness.session().EndsWithFin());
}

TEST(EndsWithFin, NotInWebSocketModeWhereTheRequestStaysInForce) {
  Harness harness(kWebSocket);
  harness.FromClient(kWsRequest);
  EXPECT_FALSE(harness.session().EndsWithFin());
  harness.Dialed();
  EXPECT_FALSE(harness.session().EndsWithFin());
}

TEST(EndsWithFin, NotWhileAFileIsServed) {
  Harness harness(kFiles);
  harness.files().Store("f", std::string(9000, 'f'));
  harness.FromClient(Get("/files/f"));
  EXPECT_FALSE(harness.session().EndsWithFin());
  harness.Below();
}

TEST(EndsWithFin, EndsADialAsAbandoned) {
  Harness harness;
  harness.FromClient(kRequest);
  harness.End(kClient, LinkEnd::kFin);
  EXPECT_TRUE(harness.over());
  ExpectEnding(harness, EndSide::kClient, EndReason::kAbandoned, 0);
  EXPECT_EQ(harness.counters().handshakes_abandoned.value(), 1U);
}

}  // namespace
}  // namespace ringway::session
