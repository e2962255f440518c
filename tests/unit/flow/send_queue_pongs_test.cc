// SPDX-License-Identifier: Apache-2.0
//
// Pongs, which a client can ask for without reading any, and small pieces between them.
#include "tests/unit/flow/send_queue_fixture.h"

namespace ringway::flow {
namespace {

constexpr uint32_t kPairs = 100'000;

TEST_F(SendQueueTest, CopiesPongsIntoACellAndLaterOnesBehindThem) {
  EXPECT_EQ(PushPongs("one"), PushResult::kQueued);
  EXPECT_EQ(PushPongs("two"), PushResult::kQueued);
  EXPECT_EQ(queue_.footprint(), kCellCost);
  EXPECT_EQ(arena_.held(kSession), 1U);
  EXPECT_EQ(Take(9), Texts{"onetwo"});
}

TEST_F(SendQueueTest, ReplacesPongsThatASocketDoesNotTake) {
  EXPECT_EQ(PushPongs("older"), PushResult::kQueued);
  Stall();
  EXPECT_EQ(PushPongs("newest"), PushResult::kReplaced);
  EXPECT_EQ(queue_.bytes(), 6U);
  EXPECT_EQ(PushPongs("new"), PushResult::kReplaced);
  EXPECT_EQ(queue_.bytes(), 3U);
  EXPECT_EQ(stores_.bytes(), 3U);
  EXPECT_EQ(queue_.footprint(), kCellCost);
  EXPECT_EQ(Take(9), Texts{"new"});
}

TEST_F(SendQueueTest, NeverReplacesAPongThatHasLeftInPart) {
  EXPECT_EQ(PushPongs("abcdef"), PushResult::kQueued);
  Take(9);
  Sent(2);
  EXPECT_EQ(PushPongs("ghi"), PushResult::kQueued);
  EXPECT_EQ(PushPongs("jkl"), PushResult::kQueued);
  EXPECT_EQ(Take(9), Texts{"cdefghijkl"});
}

TEST_F(SendQueueTest, NeverReplacesAPongThatHasLeftInPartAndWasMovedMeanwhile) {
  Crowd(BufferClass::kSmall, 8);
  EXPECT_EQ(PushPongs("abcdef"), PushResult::kQueued);
  Take(9);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, Numbered(1025))), PushResult::kQueued);
  Sent(2);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, Numbered(2000))), PushResult::kMoved);
  EXPECT_EQ(PushPongs("ghi"), PushResult::kQueued);
  EXPECT_EQ(Joined(Take(9)), "cdef" + Numbered(1025) + Numbered(2000) + "ghi");
}

TEST_F(SendQueueTest, ReplacesNoPongBehindWhichSomethingStands) {
  EXPECT_EQ(PushPongs("pong"), PushResult::kQueued);
  Stall();
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "data")), PushResult::kQueued);
  EXPECT_EQ(PushPongs("next"), PushResult::kQueued);
  EXPECT_EQ(Joined(Take(9)), "pongdatanext");
}

TEST_F(SendQueueTest, ReplacesNoPongThatSharesABufferWithSomethingElse) {
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "data")), PushResult::kQueued);
  EXPECT_EQ(PushPongs("pong"), PushResult::kQueued);
  Stall();
  EXPECT_EQ(PushPongs("next"), PushResult::kQueued);
  EXPECT_EQ(Joined(Take(9)), "datapongnext");
}

TEST_F(SendQueueTest, ReplacesNoPongWhileTheKernelHasIt) {
  EXPECT_EQ(PushPongs("pong"), PushResult::kQueued);
  Stall();
  Take(9);
  EXPECT_EQ(PushPongs("next"), PushResult::kQueued);
  EXPECT_EQ(PushPongs("newest"), PushResult::kReplaced) << "the one behind it";
  Sent(4);
  EXPECT_EQ(Take(9), Texts{"newest"});
}

TEST_F(SendQueueTest, ReplacesNothingOnceTheSocketTakesAgain) {
  EXPECT_EQ(PushPongs("a"), PushResult::kQueued);
  Stall();
  Take(9);
  Sent(1);
  EXPECT_EQ(PushPongs("b"), PushResult::kQueued);
  EXPECT_EQ(PushPongs("c"), PushResult::kQueued);
  EXPECT_EQ(Take(9), Texts{"bc"});
}

TEST_F(SendQueueTest, GivesPongsACellOfTheirOwnOnceItHasItsShare) {
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "data")), PushResult::kQueued);
  Stall();
  HoardAllBut(BufferClass::kChunk, stores_.reserve_chunks());
  ASSERT_EQ(stores_.LimitBytes(), 0U);
  EXPECT_EQ(PushPongs("pong"), PushResult::kQueued);
  EXPECT_EQ(queue_.footprint(), kSmallCost + kCellCost) << "though there was room behind the data";
  for (uint32_t i = 0; i < kPairs; ++i) ASSERT_EQ(PushPongs("newer"), PushResult::kReplaced);
  EXPECT_EQ(queue_.footprint(), kSmallCost + kCellCost);
  EXPECT_EQ(Take(9), (Texts{"data", "newer"}));
}

TEST_F(SendQueueTest, PutsPongsBehindWhatWaitsWhereThereIsNoCell) {
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "data")), PushResult::kQueued);
  Stall();
  HoardAllBut(BufferClass::kChunk, 0);
  HoardAllBut(BufferClass::kCell, 0);
  EXPECT_EQ(PushPongs("pong"), PushResult::kQueued);
  EXPECT_EQ(Take(9), Texts{"datapong"});
}

// The worker counts them as pongs_dropped.
TEST_F(SendQueueTest, DropsPongsThatThereIsNoPlaceFor) {
  EXPECT_EQ(Push(Received(BufferClass::kSmall, Numbered(4096))), PushResult::kQueued);
  Stall();
  HoardAllBut(BufferClass::kChunk, stores_.reserve_chunks());
  HoardAllBut(BufferClass::kCell, 0);
  EXPECT_EQ(PushPongs("pong"), PushResult::kDropped);
  EXPECT_EQ(arena_.count(BufferClass::kChunk) - arena_.leased(BufferClass::kChunk),
            stores_.reserve_chunks())
      << "the reserve is not for pongs";
  EXPECT_EQ(queue_.bytes(), 4096U);
  EXPECT_EQ(Take(9).size(), 1U);
}

TEST_F(SendQueueTest, DropsPongsWholeWhereTheLastBufferHasRoomForAPart) {
  EXPECT_EQ(Push(Received(BufferClass::kSmall, Numbered(4094))), PushResult::kQueued);
  Stall();
  HoardAllBut(BufferClass::kChunk, 0);
  HoardAllBut(BufferClass::kCell, 0);
  EXPECT_EQ(PushPongs("pong"), PushResult::kDropped);
  EXPECT_EQ(PushPongs("po"), PushResult::kQueued);
  EXPECT_EQ(Take(9), Texts{Numbered(4094) + "po"});
}

TEST_F(SendQueueTest, DiesOnPongsThatDoNotFitIntoACell) {
  EXPECT_DEATH(static_cast<void>(PushPongs(Numbered(513))), "left 513, right 512");
}

/// As a worker feeds it: pongs always come, an echo only while there is credit.
class Zigzag : public SendQueueTest {
 protected:
  static base::Limits DefaultsWithFewSessions() {
    base::Limits limits;
    limits.sessions_per_worker_max = 64;
    return limits;
  }
  explicit Zigzag(const base::Limits& limits = DefaultsWithFewSessions())
      : SendQueueTest(limits), limits_(limits) {}

  void Echo() {
    if (CreditLeft(queue_.footprint(), stores_.LimitBytes()) == 0) return;
    const PushResult result = Push(Received(BufferClass::kSmall, "\x82\x01z"));
    ASSERT_TRUE(result == PushResult::kQueued || result == PushResult::kMoved);
    ++echoes_;
  }

  void RunPairs(uint32_t pairs) {
    for (uint32_t i = 0; i < pairs; ++i) {
      static_cast<void>(PushPongs(std::string_view("\x8a\0", 2)));
      Echo();
      highest_ = std::max(highest_, queue_.footprint());
      if (HasFatalFailure()) return;
    }
  }

  const base::Limits limits_;
  uint32_t echoes_ = 0;
  uint32_t highest_ = 0;
};

TEST_F(Zigzag, OfPingsAndEchoesSharesBuffersAtAQueueThatNeverSends) {
  Echo();
  Stall();
  RunPairs(kPairs);
  EXPECT_EQ(echoes_, kPairs + 1) << "they fit into a window";
  EXPECT_EQ(queue_.bytes(), 5 * kPairs + 3);
  EXPECT_LE(queue_.footprint(), queue_.bytes() + queue_.bytes() / 32 + 2 * kChunkCost);
}

TEST_F(Zigzag, OfAnyLengthStaysBelowTheWindowAndAChunk) {
  Echo();
  Stall();
  RunPairs(10 * kPairs);
  EXPECT_LT(echoes_, 10 * kPairs);
  EXPECT_LT(highest_, limits_.window_bytes + kChunkCost + kCellCost);
  EXPECT_LE(arena_.leased(BufferClass::kChunk), 65U);
}

TEST_F(Zigzag, WithATenthOfThePoolsStaysBelowItsShareAndAChunk) {
  HoardAllBut(BufferClass::kChunk, stores_.reserve_chunks() + 1382);
  const uint32_t share = stores_.LimitBytes();
  Echo();
  Stall();
  RunPairs(3 * kPairs);
  EXPECT_LT(highest_, share + kChunkCost);
}

}  // namespace
}  // namespace ringway::flow
