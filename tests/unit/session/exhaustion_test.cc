// SPDX-License-Identifier: Apache-2.0
//
// Pools that have nothing left, in each state: the session ends and says so where it can.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/session/harness.h"

namespace ringway::session {
namespace {

using base::BufferClass;

TEST(NoChunk, ForAHeadInPiecesIs503) {
  Harness harness;
  harness.Hoard(BufferClass::kChunk, 0);
  harness.FromClient(kRequest.substr(0, 10));
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 503 "));
  EXPECT_TRUE(harness.link(kClient).finished);
  ExpectEnding(harness, EndSide::kGateway, EndReason::kPoolExhausted, 503);
}

TEST(NoChunk, DoesNotMatterToAWholeHead) {
  Harness harness;
  harness.Hoard(BufferClass::kChunk, 0);
  harness.Open();
}

TEST(NoChunk, ForWhatCameBehindTheHeadDropsTheDialAndIs503) {
  Harness harness;
  harness.Hoard(BufferClass::kChunk, 0);
  harness.FromClient(std::string(kRequest) + Binary("x"));
  EXPECT_EQ(harness.Story(), "dial, timer, drop backend, send client, finish client, timer");
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 503 "));
  ExpectEnding(harness, EndSide::kGateway, EndReason::kPoolExhausted, 503);
}

TEST(NoCell, ForTheAnswerCutsTheClientBeforeAnyDial) {
  Harness harness;
  harness.Hoard(BufferClass::kCell, 0);
  harness.FromClient(kRequest);
  EXPECT_TRUE(harness.over());
  EXPECT_EQ(harness.counters().handshakes_refused.value(), 1U);
  ExpectEnding(harness, EndSide::kGateway, EndReason::kPoolExhausted, 503);
}

TEST(NoCell, ForARefusalCutsTheClient) {
  Harness harness;
  harness.Hoard(BufferClass::kCell, 0);
  harness.FromClient("GET /elsewhere HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(harness.over());
  ExpectEnding(harness, EndSide::kGateway, EndReason::kRefused, 404);
}

TEST(NoCell, LeavesThe502TheCellOfThe101) {
  Harness harness;
  harness.Hoard(BufferClass::kCell, 1);
  harness.FromClient(kRequest);
  harness.DialFailed("the backend refused the connection");
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 502 "));
}

TEST(NoCell, ForACutFrameIs1013WhereTheCloseFindsOne) {
  Harness harness;
  harness.Open();
  harness.FromClient(Ping("p").substr(0, 3));
  EXPECT_EQ(harness.state(), State::kOpen);
  harness.Exhaust();
  EXPECT_EQ(harness.Story(), "send client, finish backend, finish client, timer");
  EXPECT_EQ(harness.FramesToClient(),
            (std::vector<ServerFrame>{
                CloseFrame(1013, "the gateway has no memory left for this session")}));
  ExpectEnding(harness, EndSide::kGateway, EndReason::kPoolExhausted, 1013);
  EXPECT_EQ(harness.leased(BufferClass::kCell), 0U);
}

TEST(NoCell, ForACutFrameNorForTheCloseEndsWithoutWords) {
  Harness harness;
  harness.Open();
  harness.Hoard(BufferClass::kCell, 0);
  harness.FromClient(Binary("good") + Ping("p").substr(0, 3));
  EXPECT_EQ(harness.Story(), "send backend, finish backend, finish client, timer");
  EXPECT_EQ(harness.ToBackend(), "good");
  EXPECT_EQ(harness.ToClient(), "");
  ExpectEnding(harness, EndSide::kGateway, EndReason::kPoolExhausted, 1013);
}

TEST(NoCell, ForTheCloseStillEndsInOrder) {
  Harness harness;
  harness.Open();
  harness.Hoard(BufferClass::kCell, 0);
  harness.FromClient(Close(1000, ""));
  EXPECT_EQ(harness.Story(), "finish backend, finish client, timer");
  ExpectEnding(harness, EndSide::kClient, EndReason::kClientClose, 1000);
  EXPECT_GE(harness.counters().pool_exhausted.value(), 1U);
}

TEST(NoSlices, WhileTheHeadIsReadIs503) {
  Harness harness;
  harness.FromClient(kRequest.substr(0, 10));
  harness.Exhaust();
  EXPECT_EQ(harness.Story(), "drop backend, send client, finish client, timer");
  ExpectEnding(harness, EndSide::kGateway, EndReason::kPoolExhausted, 503);
  EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
}

TEST(NoSlices, WhileTheBackendIsDialledIs503) {
  Harness harness;
  harness.FromClient(std::string(kRequest) + Binary("x"));
  harness.Exhaust();
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 503 "));
  EXPECT_FALSE(harness.link(kBackend).there);
  EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
  EXPECT_EQ(harness.leased(BufferClass::kCell), 0U);
}

TEST(NoSlices, WhileClosingCutsBothLinks) {
  Harness harness;
  harness.Open();
  harness.Drain();
  harness.Exhaust();
  EXPECT_EQ(harness.Story(), "drop backend, drop client");
  EXPECT_TRUE(harness.over());
  ExpectEnding(harness, EndSide::kGateway, EndReason::kDrain, 1001);
}

}  // namespace
}  // namespace ringway::session
