// SPDX-License-Identifier: Apache-2.0
//
// The send queue while receive buffers run short: what is pushed moves to pooled chunks.
#include "gateway/flow/send_queue.h"
#include "tests/unit/flow/send_queue_fixture.h"

namespace ringway::flow {
namespace {

using Texts = std::vector<std::string>;

/// Bytes that tell where they were.
std::string Numbered(size_t bytes) {
  std::string text(bytes, '\0');
  for (size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('!' + i * 31 % 89 + i / 4096 % 5);
  return text;
}

std::string Joined(const Texts& texts) {
  std::string all;
  for (const std::string& text : texts) all += text;
  return all;
}

class SendQueueUnderPressure : public SendQueueTest {
 protected:
  /// Leaves one small and one bulk buffer below three quarters: the next push moves.
  void SetUp() override {
    Hoard(BufferClass::kSmall, 5);
    Hoard(BufferClass::kBulk, 2);
  }
};

TEST_F(SendQueueTest, KeepsReceiveBuffersBelowThreeQuarters) {
  Hoard(BufferClass::kSmall, 4);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "abc"), Source::kClient), PushResult::kQueued);
  EXPECT_EQ(arena_.leased(BufferClass::kChunk), 0U);
}

TEST_F(SendQueueTest, CountsEachReceiveClassForItself) {
  Hoard(BufferClass::kSmall, 7);
  EXPECT_EQ(Push(Received(BufferClass::kBulk, "abc"), Source::kClient), PushResult::kQueued);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "def"), Source::kClient), PushResult::kMoved);
}

TEST_F(SendQueueUnderPressure, MovesAReceivedPieceAtThreeQuartersAndReturnsItsBuffer) {
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "abc"), Source::kClient), PushResult::kMoved);
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 5U);
  EXPECT_EQ(arena_.leased(BufferClass::kChunk), 1U);
  EXPECT_EQ(Take(9), Texts{"abc"});
  ExpectReturned(Sent(3), 3, 0, 3);
  EXPECT_EQ(arena_.leased(BufferClass::kChunk), 0U);
}

TEST(SendQueue, KeepsSoManyReceiveBuffersAndMovesWhatJoinsIt) {
  constexpr uint32_t kKept = 128;
  base::Arena arena = *base::Arena::Map({4 * kKept, 1, 16, 1});
  SlicePool pool = *SlicePool::Map(2 * kKept, "slices");
  SendQueue queue;
  const auto push = [&] {
    base::Piece piece{.lease = arena.Receive(base::BufferClass::kSmall,
                                             arena.PopReturned(base::BufferClass::kSmall)),
                      .bytes = 1};
    piece.data = piece.lease.data();
    *piece.data = 'x';
    return queue.Push(pool, arena, std::move(piece), Source::kClient);
  };
  for (uint32_t i = 0; i < kKept; ++i) ASSERT_EQ(push(), PushResult::kQueued) << i;
  for (uint32_t i = 0; i < 1000; ++i) ASSERT_EQ(push(), PushResult::kMoved) << i;
  EXPECT_EQ(arena.leased(base::BufferClass::kSmall), kKept);
  EXPECT_EQ(arena.leased(base::BufferClass::kChunk), 1U);
  EXPECT_EQ(queue.Clear(pool, arena).client_bytes, kKept + 1000);
}

TEST_F(SendQueueUnderPressure, LeavesPooledPiecesWhereTheyAre) {
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "cell"), Source::kGateway), PushResult::kQueued);
  EXPECT_EQ(Push(Pooled(BufferClass::kChunk, "chunk"), Source::kGateway), PushResult::kQueued);
  EXPECT_EQ(arena_.leased(BufferClass::kChunk), 1U);
}

TEST_F(SendQueueUnderPressure, MovesABulkPieceLargerThanAChunk) {
  const std::string text = Numbered(2 * kChunkBytes + 100);
  EXPECT_EQ(Push(Received(BufferClass::kBulk, text), Source::kBackend), PushResult::kMoved);
  EXPECT_EQ(arena_.leased(BufferClass::kChunk), 3U);
  EXPECT_EQ(arena_.leased(BufferClass::kBulk), 2U);
  EXPECT_EQ(queue_.bytes(), text.size());
  const Texts taken = Take(9);
  ASSERT_EQ(taken.size(), 3U);
  EXPECT_EQ(taken[0].size(), kChunkBytes);
  EXPECT_TRUE(Joined(taken) == text);
}

TEST_F(SendQueueUnderPressure, AppendsToTheLastChunkWhileItHasRoom) {
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "abc"), Source::kClient), PushResult::kMoved);
  EXPECT_EQ(Push(Received(BufferClass::kBulk, "def"), Source::kClient), PushResult::kMoved);
  EXPECT_EQ(queue_.slices(), 1U);
  EXPECT_EQ(arena_.leased(BufferClass::kChunk), 1U);
  EXPECT_EQ(Take(9), Texts{"abcdef"});
}

TEST_F(SendQueueUnderPressure, FillsAChunkToItsEndBeforeTheNext) {
  const std::string first = Numbered(kChunkBytes - 10);
  const std::string second = Numbered(25);
  EXPECT_EQ(Push(Received(BufferClass::kBulk, first), Source::kClient), PushResult::kMoved);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, second), Source::kClient), PushResult::kMoved);
  const Texts taken = Take(9);
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(taken[0].size(), kChunkBytes);
  EXPECT_TRUE(Joined(taken) == first + second);
}

TEST_F(SendQueueUnderPressure, AppendsToAChunkWhoseFrontHasLeft) {
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "abcdef"), Source::kClient), PushResult::kMoved);
  Take(9);
  Sent(4);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "gh"), Source::kClient), PushResult::kMoved);
  EXPECT_EQ(Take(9), Texts{"efgh"});
}

TEST_F(SendQueueUnderPressure, TakesAnotherChunkForAnotherSource) {
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "abc"), Source::kClient), PushResult::kMoved);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "de"), Source::kBackend), PushResult::kMoved);
  EXPECT_EQ(Take(9), (Texts{"abc", "de"}));
  ExpectReturned(Sent(5), 3, 2, 5);
}

TEST_F(SendQueueUnderPressure, TakesAnotherChunkWhileTheLastIsInFlight) {
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "abc"), Source::kClient), PushResult::kMoved);
  EXPECT_EQ(Take(9), Texts{"abc"});
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "de"), Source::kClient), PushResult::kMoved);
  EXPECT_EQ(queue_.slices(), 2U);
  Sent(3);
  EXPECT_EQ(Take(9), Texts{"de"});
}

TEST_F(SendQueueUnderPressure, AppendsBehindAnInFlightFrontWhenTheTailIsNotInFlight) {
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "front"), Source::kClient), PushResult::kQueued);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "abc"), Source::kClient), PushResult::kMoved);
  EXPECT_EQ(Take(1), Texts{"front"});
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "de"), Source::kClient), PushResult::kMoved);
  EXPECT_EQ(queue_.slices(), 2U);
  Sent(5);
  EXPECT_EQ(Take(9), Texts{"abcde"});
}

TEST_F(SendQueueUnderPressure, WritesNothingIntoAChunkThatAnotherLeaseReads) {
  Piece piece = Pooled(BufferClass::kChunk, "queued, not yet parsed");
  const Lease reader = piece.lease.Share();
  piece.bytes = 7;
  EXPECT_EQ(Push(std::move(piece), Source::kClient), PushResult::kQueued);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "XXXX"), Source::kClient), PushResult::kMoved);
  EXPECT_EQ(std::memcmp(reader.data() + 7, " not yet parsed", 15), 0);
  EXPECT_EQ(Take(9), (Texts{"queued,", "XXXX"}));
}

TEST_F(SendQueueUnderPressure, WritesNothingBehindASliceThatUsesTheTailRoom) {
  Piece piece = Pooled(BufferClass::kChunk, Numbered(kChunkBytes + base::kTailRoomBytes));
  EXPECT_EQ(Push(std::move(piece), Source::kClient), PushResult::kQueued);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "abc"), Source::kClient), PushResult::kMoved);
  ASSERT_EQ(queue_.slices(), 2U);
  EXPECT_EQ(Take(9).back(), "abc");
}

TEST_F(SendQueueUnderPressure, KeepsTheReceiveBufferWhenNoChunkIsFree) {
  std::vector<Lease> chunks;
  while (Lease chunk = arena_.TryTake(BufferClass::kChunk)) chunks.push_back(std::move(chunk));
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "abc"), Source::kClient), PushResult::kQueued);
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 6U);
  EXPECT_EQ(Take(9), Texts{"abc"});
}

TEST_F(SendQueueUnderPressure, KeepsInTheReceiveBufferWhatTheLastChunksCannotHold) {
  std::vector<Lease> chunks;
  for (uint32_t i = 0; i + 1 < kChunks; ++i) chunks.push_back(arena_.TryTake(BufferClass::kChunk));
  const std::string text = Numbered(kChunkBytes + 500);
  EXPECT_EQ(Push(Received(BufferClass::kBulk, text), Source::kClient), PushResult::kQueued);
  const Texts taken = Take(9);
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_TRUE(Joined(taken) == text);
  EXPECT_EQ(arena_.leased(BufferClass::kBulk), 3U);
}

TEST_F(SendQueueUnderPressure, KeepsThePartThatWasQueuedWhenTheSlicesRunOut) {
  const Piece filler = Pooled(BufferClass::kCell, "s");
  for (uint32_t i = 0; i + 1 < kSlices; ++i) {
    EXPECT_EQ(
        Push({.lease = filler.lease.Share(), .data = filler.data, .bytes = 1}, Source::kGateway),
        PushResult::kQueued);
  }
  const std::string text = Numbered(kChunkBytes + 500);
  EXPECT_EQ(Push(Received(BufferClass::kBulk, text), Source::kBackend), PushResult::kExhausted);
  EXPECT_EQ(arena_.leased(BufferClass::kBulk), 2U);
  EXPECT_EQ(arena_.leased(BufferClass::kChunk), 1U) << "the chunk without a slice went back";
  EXPECT_TRUE(Take(99).back() == text.substr(0, kChunkBytes));
  Sent(0);
  ExpectReturned(queue_.Clear(pool_, arena_), 0, kChunkBytes, kChunkBytes + kSlices - 1);
}

}  // namespace
}  // namespace ringway::flow
