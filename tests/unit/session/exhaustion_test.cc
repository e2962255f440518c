// SPDX-License-Identifier: Apache-2.0
//
// Pools that have nothing left, in each state: the session ends and says so, in the cell that it
// has for its last word.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/session/harness.h"

namespace ringway::session {
namespace {

using base::BufferClass;

/// A head that does not end, of so many bytes.
std::string FrontOfAHead(size_t bytes) {
  return "GET /echo HTTP/1.1\r\nLong: " + std::string(bytes - 26, 'x');
}

void Expect503(const Harness& harness) {
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 503 ")) << harness.ToClient();
  EXPECT_TRUE(harness.link(kClient).finished);
  ExpectEnding(harness, EndSide::kGateway, EndReason::kPoolExhausted, 503);
  EXPECT_EQ(harness.counters().pool_exhausted.value(), 1U);
}

TEST(NoChunk, DoesNotMatterToAHeadThatComesInPiecesAndFitsIntoACell) {
  Harness harness;
  harness.HoardCells();
  harness.Hoard(BufferClass::kChunk, 0);
  harness.FromClient(kRequest.substr(0, 10));
  EXPECT_EQ(harness.Story(), "");
  EXPECT_EQ(harness.leased(BufferClass::kCell), 1U) << "the session's own";
}

TEST(NoChunk, ForALongHeadInPiecesIs503) {
  for (const size_t first : {1U, 512U, 513U, 4096U}) {
    SCOPED_TRACE(first);
    Harness harness;
    harness.Hoard(BufferClass::kChunk, 0);
    harness.FromClient(FrontOfAHead(4096).substr(0, first));
    EXPECT_EQ(harness.over() || harness.state() == State::kClosing, first > 512);
    if (first <= 512) harness.FromClient(std::string(512, 'x'));
    Expect503(harness);
    EXPECT_EQ(harness.leased(BufferClass::kCell), 0U);
  }
}

TEST(NoChunk, OfTheHalfOpenIsLeftWhenTheyHaveTheirShare) {
  Harness harness;
  harness.HoardHeld(harness.stores().half_open(), 0);
  harness.FromClient(FrontOfAHead(600));
  Expect503(harness);
  harness.Accept();
  harness.FromClient(kRequest.substr(0, 10));
  harness.FromClient(kRequest.substr(10));
  EXPECT_EQ(harness.state(), State::kDialing) << "a short head is in nobody's way";
}

TEST(NoChunk, DoesNotMatterToAWholeHead) {
  Harness harness;
  harness.HoardCells();
  harness.Hoard(BufferClass::kChunk, 0);
  harness.Open();
}

TEST(NoChunk, ForWhatCameBehindTheHeadDropsTheDialAndIs503) {
  Harness harness;
  harness.HoardCells();  // the session's own is the answer's
  harness.Hoard(BufferClass::kChunk, 0);
  harness.FromClient(std::string(kRequest) + Binary("x"));
  EXPECT_EQ(harness.Story(), "dial, timer, drop backend, send client, finish client, timer");
  Expect503(harness);
}

TEST(NoChunk, OfTheBackendsShareForWhatCameBehindTheHeadIs503) {
  Harness harness;
  harness.HoardCells();
  harness.HoardHeld(harness.stores().backend(1), 0);
  harness.FromClient(std::string(kRequest) + Binary("x"));
  Expect503(harness);
}

TEST(NoCell, BeyondTheSessionsOwnIsNeededForTheAnswer) {
  Harness harness;
  harness.HoardCells();
  harness.FromClient(kRequest.substr(0, 10));
  harness.FromClient(kRequest.substr(10));
  EXPECT_EQ(harness.state(), State::kDialing);
  EXPECT_EQ(harness.held(harness.stores().backend(1)), 1U)
      << "while the head had the session's cell the answer went to a chunk";
}

TEST(NoCell, ForTheAnswerBesideAHeldHeadIs503BeforeAnyDial) {
  Harness harness;
  harness.HoardCells();
  harness.Hoard(BufferClass::kChunk, 0);
  harness.FromClient(kRequest.substr(0, 10));
  harness.FromClient(kRequest.substr(10));
  EXPECT_EQ(harness.Story(), "drop backend, send client, finish client, timer");
  Expect503(harness);
}

TEST(LastWord, IsFoundForARefusalWhateverOthersHold) {
  Harness harness;
  harness.HoardCells();
  harness.Hoard(BufferClass::kChunk, 0);
  harness.FromClient("GET /elsewhere HTTP/1.1\r\n");
  harness.FromClient("Host: a\r\n\r\n");
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 404 "));
}

TEST(LastWord, IsFoundForACloseWhileAFrameIsHeld) {
  Harness harness;
  harness.Open();
  harness.HoardCells();
  harness.Hoard(BufferClass::kChunk, 0);
  harness.FromClient(Ping("p").substr(0, 3));
  EXPECT_EQ(harness.state(), State::kOpen);
  harness.End(kBackend, LinkEnd::kFin);
  EXPECT_EQ(harness.FramesToClient(), (std::vector<ServerFrame>{CloseFrame(1000, "")}));
}

TEST(LastWord, IsFoundForTheEchoOfAClose) {
  Harness harness;
  harness.Open();
  harness.HoardCells();
  harness.Hoard(BufferClass::kChunk, 0);
  harness.FromClient(Close(1000, ""));
  EXPECT_EQ(harness.FramesToClient(), (std::vector<ServerFrame>{CloseFrame(1000, "")}));
  ExpectEnding(harness, EndSide::kClient, EndReason::kClientClose, 1000);
}

TEST(LastWord, IsA502BesideTheCellOfThe101) {
  Harness harness;
  harness.HoardCells();
  harness.Hoard(BufferClass::kChunk, 0);
  harness.FromClient(kRequest);
  harness.DialFailed("the backend refused the connection");
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 502 "));
}

TEST(NoSlices, ForBytesOfTheClientIs1013) {
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

TEST(NoSlices, WhileTheHeadIsReadIs503) {
  Harness harness;
  harness.FromClient(kRequest.substr(0, 10));
  harness.Exhaust();
  EXPECT_EQ(harness.Story(), "drop backend, send client, finish client, timer");
  Expect503(harness);
  EXPECT_EQ(harness.leased(BufferClass::kCell), 0U);
}

TEST(NoSlices, WhileTheBackendIsDialledIs503) {
  Harness harness;
  harness.FromClient(std::string(kRequest) + Binary("x"));
  harness.Exhaust();
  Expect503(harness);
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
