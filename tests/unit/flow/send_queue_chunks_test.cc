// SPDX-License-Identifier: Apache-2.0
//
// The send queue while queues keep as many receive buffers as they may: what is pushed moves to
// pooled buffers, and who has more than his share ends where there are none.
#include "gateway/flow/send_queue.h"
#include "tests/unit/flow/send_queue_fixture.h"

namespace ringway::flow {
namespace {

const std::string kLong = Numbered(1025);

class SendQueueUnderPressure : public SendQueueTest {
 protected:
  /// A quarter of each class: the next push moves.
  void SetUp() override {
    Crowd(BufferClass::kSmall, 16);
    Crowd(BufferClass::kBulk, 8);
  }
};

TEST_F(SendQueueTest, KeepsAReceiveBufferWhileAllQueuesKeepLessThanAQuarter) {
  Crowd(BufferClass::kSmall, 15);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kQueued);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kMoved);
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 1U);
  EXPECT_EQ(Take(9), Texts{kLong + kLong}) << "there was room behind the first one";
}

TEST_F(SendQueueTest, KeepsAsManyReceiveBuffersAsFourTimesItsOwnAreFree) {
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kQueued) << i;
  }
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kMoved) << i;
  }
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 4U);
  EXPECT_EQ(arena_.leased(BufferClass::kChunk), 7U) << "each is filled to its end";
  std::string all;
  for (int i = 0; i < 104; ++i) all += kLong;
  EXPECT_TRUE(Joined(Take(99)) == all);
}

TEST_F(SendQueueTest, CountsEachReceiveClassForItself) {
  Crowd(BufferClass::kSmall, 16);
  EXPECT_EQ(Push(Received(BufferClass::kBulk, kLong)), PushResult::kQueued);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kMoved);
}

TEST_F(SendQueueTest, KeepsHalfAsManyBehindASocketThatTakesNothing) {
  Crowd(BufferClass::kSmall, 8);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kQueued);
  Crowd(BufferClass::kBulk, 5);
  Stall();
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 0U);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kMoved);
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 0U);
  EXPECT_EQ(Joined(Take(9)), kLong + kLong);
}

TEST_F(SendQueueUnderPressure, MovesWhatComesAloneToACellAndReturnsItsBuffer) {
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "abc")), PushResult::kMoved);
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 0U);
  EXPECT_EQ(arena_.held(kSession), 1U) << "the session's own";
  EXPECT_EQ(queue_.footprint(), kCellCost);
  EXPECT_EQ(Take(9), Texts{"abc"});
  Sent(3);
  EXPECT_EQ(arena_.leased(BufferClass::kCell), 0U);
}

TEST_F(SendQueueUnderPressure, MovesWhatStandsBehindOthersToAChunk) {
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, Numbered(512))), PushResult::kQueued);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "abc")), PushResult::kMoved);
  EXPECT_EQ(arena_.leased(BufferClass::kChunk), 1U);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "def")), PushResult::kQueued) << "shares it";
  EXPECT_EQ(queue_.footprint(), kCellCost + kChunkCost);
  EXPECT_EQ(Take(9).back(), "abcdef");
}

TEST_F(SendQueueUnderPressure, TakesACellWhereThereIsNoChunk) {
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, Numbered(512))), PushResult::kQueued);
  HoardAllBut(BufferClass::kChunk, 0);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, Numbered(512))), PushResult::kMoved);
  EXPECT_EQ(arena_.held(kSession), 1U);
}

TEST_F(SendQueueUnderPressure, LeavesPooledPiecesWhereTheyAre) {
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "cell")), PushResult::kQueued);
  EXPECT_EQ(Push(Pooled(BufferClass::kChunk, kLong)), PushResult::kQueued);
  EXPECT_EQ(queue_.footprint(), kCellCost + kChunkCost);
}

TEST_F(SendQueueUnderPressure, MovesABulkPieceLargerThanAChunk) {
  const std::string text = Numbered(2 * kChunkBytes + 100);
  EXPECT_EQ(Push(Received(BufferClass::kBulk, text)), PushResult::kMoved);
  EXPECT_EQ(arena_.leased(BufferClass::kChunk), 3U) << "behind others there is likely to be more";
  EXPECT_EQ(arena_.leased(BufferClass::kBulk), 0U);
  EXPECT_EQ(queue_.bytes(), text.size());
  EXPECT_TRUE(Joined(Take(9)) == text);
}

TEST_F(SendQueueUnderPressure, FillsAChunkToItsEndBeforeTheNext) {
  const std::string first = Numbered(kChunkBytes - 10);
  const std::string second = Numbered(25);
  EXPECT_EQ(Push(Received(BufferClass::kBulk, first)), PushResult::kMoved);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, second)), PushResult::kMoved);
  const Texts taken = Take(9);
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(taken[0].size(), kChunkBytes);
  EXPECT_TRUE(Joined(taken) == first + second);
}

TEST_F(SendQueueUnderPressure, AppendsToAChunkWhoseFrontHasLeft) {
  EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kMoved);
  Take(9);
  Sent(1023);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kMoved);
  EXPECT_EQ(Take(9), Texts{kLong.substr(1023) + kLong});
}

TEST_F(SendQueueUnderPressure, TakesAnotherChunkWhileTheLastIsInFlight) {
  EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kMoved);
  EXPECT_EQ(Take(9), Texts{kLong});
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "de")), PushResult::kMoved);
  EXPECT_EQ(queue_.slices(), 2U);
  Sent(1025);
  EXPECT_EQ(Take(9), Texts{"de"});
}

TEST_F(SendQueueUnderPressure, AppendsBehindAnInFlightFrontWhenTheTailIsNotInFlight) {
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, Numbered(512))), PushResult::kQueued);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kMoved);
  EXPECT_EQ(Take(1).size(), 1U);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "de")), PushResult::kQueued);
  EXPECT_EQ(queue_.slices(), 2U);
  Sent(512);
  EXPECT_EQ(Take(9), Texts{kLong + "de"});
}

TEST_F(SendQueueUnderPressure, WritesNothingIntoAChunkThatAnotherLeaseReads) {
  Piece piece = Pooled(BufferClass::kChunk, "queued, not yet parsed");
  const Lease reader = piece.lease.Share();
  piece.bytes = 7;
  EXPECT_EQ(Push(std::move(piece)), PushResult::kQueued);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "XXXX")), PushResult::kMoved);
  EXPECT_EQ(std::memcmp(reader.data() + 7, " not yet parsed", 15), 0);
  EXPECT_EQ(Take(9), (Texts{"queued,", "XXXX"}));
}

TEST_F(SendQueueUnderPressure, WritesNothingBehindASliceThatUsesTheTailRoom) {
  Piece piece = Pooled(BufferClass::kChunk, Numbered(kChunkBytes + base::kTailRoomBytes));
  EXPECT_EQ(Push(std::move(piece)), PushResult::kQueued);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "abc")), PushResult::kMoved);
  ASSERT_EQ(queue_.slices(), 2U);
  EXPECT_EQ(Take(9).back(), "abc");
}

TEST_F(SendQueueUnderPressure, KeepsTheReceiveBufferWhenNoChunkIsFree) {
  HoardAllBut(BufferClass::kChunk, 0);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kQueued);
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 1U);
  EXPECT_EQ(Take(9), Texts{kLong});
}

TEST_F(SendQueueUnderPressure, KeepsInTheReceiveBufferWhatTheLastChunkCannotHold) {
  HoardAllBut(BufferClass::kChunk, 1);
  const std::string text = Numbered(kChunkBytes + 1500);
  EXPECT_EQ(Push(Received(BufferClass::kBulk, text)), PushResult::kQueued);
  const Texts taken = Take(9);
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_TRUE(Joined(taken) == text);
  EXPECT_EQ(arena_.leased(BufferClass::kBulk), 1U);
}

TEST_F(SendQueueUnderPressure, EndsTheOneThatIsOverItsShareWhenNoChunkIsFree) {
  HoardAllBut(BufferClass::kChunk, 2);
  ASSERT_EQ(stores_.LimitBytes(), 0U) << "so that a chunk is all that one may have";
  const std::string full = Numbered(kChunkBytes);
  EXPECT_EQ(Push(Received(BufferClass::kBulk, full)), PushResult::kMoved);
  EXPECT_EQ(Push(Received(BufferClass::kBulk, full)), PushResult::kMoved);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kExhausted);
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 0U) << "the ring has it back";
  EXPECT_EQ(queue_.bytes(), 2 * kChunkBytes);
}

TEST_F(SendQueueUnderPressure, EndsNobodyWhoHasNoMoreThanAChunk) {
  HoardAllBut(BufferClass::kChunk, 1);
  EXPECT_EQ(Push(Received(BufferClass::kBulk, Numbered(kChunkBytes))), PushResult::kMoved);
  EXPECT_EQ(queue_.footprint(), kChunkCost);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kQueued);
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 1U) << "though queues keep a quarter already";
}

TEST_F(SendQueueTest, KeepsNoCellBehindASocketThatTakesNothing) {
  static constexpr std::string_view kFile = "a file";
  const auto* const file = reinterpret_cast<const uint8_t*>(kFile.data());
  Piece lent{.lease = arena_.Lend(0, file), .bytes = 6};
  lent.data = lent.lease.data();
  EXPECT_EQ(Push(std::move(lent)), PushResult::kQueued);
  Stall();
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "one ")), PushResult::kMoved);
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "two")), PushResult::kQueued);
  EXPECT_EQ(queue_.footprint(), kSliceCost + kChunkCost);
  EXPECT_EQ(arena_.leased(BufferClass::kCell), 0U);
  EXPECT_EQ(Take(9), (Texts{"a file", "one two"}));
  Sent(13);
  EXPECT_EQ(arena_.PopReturned(BufferClass::kLent), 0U);
}

TEST_F(SendQueueTest, SaysWhenTheSlicesAreOutAndDropsThePiece) {
  static const std::string kFile = Numbered(1025);
  Lease file = arena_.Lend(0, reinterpret_cast<const uint8_t*>(kFile.data()));
  const auto lend = [&] {
    return Piece{.lease = file.Share(), .data = file.data(), .bytes = 1025};
  };
  const uint32_t slices = world_.slices.count();
  for (uint32_t i = 0; i < slices; ++i) ASSERT_EQ(Push(lend()), PushResult::kQueued);
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "x")), PushResult::kExhausted);
  EXPECT_EQ(arena_.leased(BufferClass::kCell), 0U);
  EXPECT_EQ(queue_.slices(), slices);
  EXPECT_EQ(queue_.bytes(), slices * 1025);
  Take(1);
  Sent(1025);
  EXPECT_EQ(Push(lend()), PushResult::kQueued);
  EXPECT_EQ(queue_.Clear(stores_), slices * 1025);
  file.Return();
  EXPECT_EQ(arena_.PopReturned(BufferClass::kLent), 0U);
}

}  // namespace
}  // namespace ringway::flow
