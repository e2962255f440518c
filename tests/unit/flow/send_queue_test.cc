// SPDX-License-Identifier: Apache-2.0
//
// The send queue while there is no want of receive buffers: what is large is not copied, what is
// small shares a buffer.
#include "gateway/flow/send_queue.h"

#include "tests/unit/flow/send_queue_fixture.h"

namespace ringway::flow {
namespace {

/// Too long to share a buffer with what stands in front of it.
const std::string kLong = Numbered(1025);

TEST_F(SendQueueTest, IsEmptyAtFirst) {
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(queue_.bytes(), 0U);
  EXPECT_EQ(queue_.slices(), 0U);
  EXPECT_EQ(queue_.in_flight(), 0U);
  EXPECT_EQ(queue_.footprint(), 0U);
  EXPECT_FALSE(queue_.stalls());
  EXPECT_EQ(Take(9), Texts{});
}

TEST_F(SendQueueTest, OffersSlicesInTheOrderOfTheirPushes) {
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "one")), PushResult::kQueued);
  EXPECT_EQ(Push(Received(BufferClass::kBulk, kLong)), PushResult::kQueued);
  EXPECT_EQ(Push(Pooled(BufferClass::kChunk, kLong)), PushResult::kQueued);
  EXPECT_FALSE(queue_.empty());
  EXPECT_EQ(queue_.bytes(), 2053U);
  EXPECT_EQ(queue_.slices(), 3U);
  EXPECT_EQ(Take(9), (Texts{"one", kLong, kLong}));
}

TEST_F(SendQueueTest, CopiesNothingThatIsLargeOrStandsAlone) {
  Piece small = Received(BufferClass::kSmall, "in place");
  Piece large = Received(BufferClass::kSmall, kLong);
  const std::vector<const uint8_t*> expected = {small.data, large.data};
  EXPECT_EQ(Push(std::move(small)), PushResult::kQueued);
  EXPECT_EQ(Push(std::move(large)), PushResult::kQueued);
  std::vector<const uint8_t*> seen;
  queue_.TakeFront(world_.slices, [&](const uint8_t* data, uint32_t /*bytes*/) {
    seen.push_back(data);
    return true;
  });
  EXPECT_EQ(seen, expected);
}

TEST_F(SendQueueTest, TakesOnlyWhatTheReaderAccepts) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kQueued);
  }
  EXPECT_EQ(Take(0), Texts{});
  EXPECT_EQ(queue_.in_flight(), 0U);
  EXPECT_EQ(Take(2).size(), 2U);
  EXPECT_EQ(queue_.in_flight(), 2U);
  EXPECT_EQ(queue_.bytes(), 3 * 1025U) << "what is in flight still waits for the socket";
  Sent(2 * 1025);
  EXPECT_EQ(queue_.in_flight(), 0U);
  EXPECT_EQ(Take(2), Texts{kLong});
}

TEST_F(SendQueueTest, PutsSmallPiecesOfAnyKindIntoOneBuffer) {
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "received,")), PushResult::kQueued);
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "cell,")), PushResult::kQueued);
  EXPECT_EQ(PushPongs("pongs,"), PushResult::kQueued);
  EXPECT_EQ(Push(Pooled(BufferClass::kChunk, "chunk,")), PushResult::kQueued);
  EXPECT_EQ(Push(Received(BufferClass::kBulk, "bulk")), PushResult::kQueued);
  EXPECT_EQ(queue_.slices(), 1U);
  EXPECT_EQ(queue_.footprint(), kSmallCost) << "the first one's buffer, and no other";
  EXPECT_EQ(arena_.leased(BufferClass::kCell) + arena_.leased(BufferClass::kChunk), 0U);
  EXPECT_EQ(arena_.leased(BufferClass::kBulk), 0U);
  EXPECT_EQ(Take(9), Texts{"received,cell,pongs,chunk,bulk"});
}

TEST_F(SendQueueTest, LeavesAPieceWholeThatTheLastBufferHasNoRoomFor) {
  const std::string text(300, 'b');
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Push(Pooled(BufferClass::kCell, text)), PushResult::kQueued);
  }
  EXPECT_EQ(Take(9), (Texts{text, text, text}));
  EXPECT_EQ(queue_.footprint(), 3 * kCellCost);
}

TEST_F(SendQueueTest, CopiesUpTo1024BytesIntoTheLastBuffer) {
  EXPECT_EQ(Push(Received(BufferClass::kBulk, "x")), PushResult::kQueued);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, Numbered(1024))), PushResult::kQueued);
  EXPECT_EQ(queue_.slices(), 1U);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, Numbered(1025))), PushResult::kQueued);
  EXPECT_EQ(queue_.slices(), 2U);
}

TEST_F(SendQueueTest, JoinsNothingThatIsInFlightOrShared) {
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "a")), PushResult::kQueued);
  EXPECT_EQ(Take(9), Texts{"a"});
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "b")), PushResult::kQueued);
  Sent(1);
  EXPECT_EQ(Take(9), Texts{"b"});
  Sent(1);
  Piece held = Pooled(BufferClass::kCell, "c");
  const Lease share = held.lease.Share();
  EXPECT_EQ(Push(std::move(held)), PushResult::kQueued);
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "d")), PushResult::kQueued);
  EXPECT_EQ(Take(9), (Texts{"c", "d"}));
}

TEST_F(SendQueueTest, ContinuesInsideASliceAfterAShortSend) {
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "abcdef")), PushResult::kQueued);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kQueued);
  Take(9);
  Sent(4);
  EXPECT_TRUE(queue_.stalls());
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 2U) << "the rest of the slice needs its buffer";
  EXPECT_EQ(queue_.footprint(), 2 * kSmallCost) << "in full, however little is left of it";
  EXPECT_EQ(Take(9), (Texts{"ef", kLong}));
  Sent(3);
  EXPECT_EQ(queue_.footprint(), kSmallCost);
  EXPECT_EQ(Take(9), Texts{kLong.substr(1)});
  Sent(1024);
  EXPECT_FALSE(queue_.stalls());
  EXPECT_TRUE(queue_.empty());
  ExpectNothingHeld();
}

TEST_F(SendQueueTest, OffersEverythingAgainWhenNothingWasSent) {
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "again")), PushResult::kQueued);
  Take(9);
  Sent(0);
  EXPECT_EQ(queue_.in_flight(), 0U);
  EXPECT_TRUE(queue_.stalls());
  EXPECT_EQ(Take(9), Texts{"again"});
}

TEST_F(SendQueueTest, StallsAtTheEndOfASliceWhenMoreWasOffered) {
  EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kQueued);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kQueued);
  Take(9);
  Sent(1025);
  EXPECT_EQ(queue_.slices(), 1U);
  EXPECT_TRUE(queue_.stalls());
  EXPECT_EQ(Take(1).size(), 1U);
  Sent(1025);
  EXPECT_FALSE(queue_.stalls());
}

TEST_F(SendQueueTest, DoesNotStallWhenAllThatWasOfferedHasLeft) {
  EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kQueued);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kQueued);
  Take(1);
  Sent(1025);
  EXPECT_FALSE(queue_.stalls()) << "the second one was not offered";
}

TEST_F(SendQueueTest, AcceptsPushesWhileASendIsInFlight) {
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "ab")), PushResult::kQueued);
  Take(9);
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "cd")), PushResult::kQueued);
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "ef")), PushResult::kQueued);
  EXPECT_EQ(queue_.in_flight(), 1U);
  Sent(2);
  EXPECT_EQ(Take(9), Texts{"cdef"});
}

TEST_F(SendQueueTest, KeepsABufferUntilItsLastSliceHasLeft) {
  Piece whole = Received(BufferClass::kSmall, kLong + kLong);
  Piece second{.lease = whole.lease.Share(), .data = whole.data + 1025, .bytes = 1025};
  whole.bytes = 1025;
  EXPECT_EQ(Push(std::move(whole)), PushResult::kQueued);
  EXPECT_EQ(Push(std::move(second)), PushResult::kQueued);
  Take(1);
  Sent(1025);
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 1U);
  EXPECT_EQ(Take(9), Texts{kLong});
  Sent(1025);
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 0U);
}

TEST_F(SendQueueTest, CountsBuffersInFullAndASliceForEach) {
  EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kQueued);
  EXPECT_EQ(queue_.footprint(), kSmallCost);
  EXPECT_EQ(Push(Received(BufferClass::kBulk, kLong)), PushResult::kQueued);
  EXPECT_EQ(queue_.footprint(), kSmallCost + kBulkCost);
  EXPECT_EQ(Push(Pooled(BufferClass::kChunk, kLong)), PushResult::kQueued);
  EXPECT_EQ(queue_.footprint(), kSmallCost + kBulkCost + kChunkCost);
  Take(9);
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "x")), PushResult::kQueued);
  EXPECT_EQ(queue_.footprint(), kSmallCost + kBulkCost + kChunkCost + kCellCost);
  EXPECT_EQ(stores_.footprint(), queue_.footprint());
  EXPECT_EQ(stores_.bytes(), 3 * 1025U + 1);
  Sent(3 * 1025);
  EXPECT_EQ(queue_.footprint(), kCellCost);
  Take(9);
  Sent(1);
  ExpectNothingHeld();
}

TEST_F(SendQueueTest, SendsLentMemoryFromWhereItIsAndNeverWritesToIt) {
  static constexpr std::string_view kText = "never written to";
  const auto* const text = reinterpret_cast<const uint8_t*>(kText.data());
  const auto lend = [&] {
    Lease lease = arena_.Lend(0, text);
    uint8_t* const data = lease.data();
    return Piece{.lease = std::move(lease), .data = data, .bytes = 5};
  };
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "head")), PushResult::kQueued);
  EXPECT_EQ(Push(lend()), PushResult::kQueued);
  EXPECT_EQ(queue_.slices(), 1U) << "what is small is copied to what stands in front of it";
  EXPECT_EQ(arena_.PopReturned(BufferClass::kLent), 0U);
  Take(9);
  EXPECT_EQ(Push(lend()), PushResult::kQueued);
  EXPECT_EQ(queue_.footprint(), kCellCost + kSliceCost) << "a lent slice costs a slice";
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "next")), PushResult::kQueued);
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "last")), PushResult::kQueued);
  EXPECT_EQ(queue_.slices(), 3U) << "nothing joins it, and small pieces share a cell behind it";
  Sent(9);
  EXPECT_EQ(Take(1), Texts{"never"});
  Sent(3);
  EXPECT_EQ(Take(9), (Texts{"er", "nextlast"}));
  EXPECT_EQ(arena_.PopReturned(BufferClass::kLent), base::Arena::kNone);
  Sent(2);
  EXPECT_EQ(arena_.PopReturned(BufferClass::kLent), 0U);
  EXPECT_EQ(Take(9), Texts{"nextlast"});
  Sent(8);
  EXPECT_EQ(Push(lend()), PushResult::kQueued);
  EXPECT_EQ(queue_.Clear(stores_), 5U);
  EXPECT_EQ(arena_.PopReturned(BufferClass::kLent), 0U);
}

TEST_F(SendQueueTest, PutsAnotherQueueBehindItself) {
  EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kQueued);
  EXPECT_EQ(Push(Pooled(BufferClass::kChunk, kLong)), PushResult::kQueued);
  SendQueue behind = std::exchange(queue_, SendQueue());
  EXPECT_EQ(Push(Pooled(BufferClass::kChunk, "first")), PushResult::kQueued);
  queue_.Append(world_.slices, behind);
  EXPECT_TRUE(behind.empty());
  EXPECT_EQ(behind.footprint(), 0U);
  EXPECT_EQ(queue_.bytes(), 5 + 2 * 1025U);
  EXPECT_EQ(queue_.footprint(), 2 * kChunkCost + kSmallCost);
  EXPECT_EQ(stores_.footprint(), queue_.footprint());
  queue_.Append(world_.slices, behind);
  EXPECT_EQ(queue_.slices(), 3U) << "an empty one changes nothing";
  EXPECT_EQ(Take(9), (Texts{"first", kLong, kLong}));
  Sent(5);
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "joins")), PushResult::kQueued);
  SendQueue empty;
  std::swap(queue_, empty);
  queue_.Append(world_.slices, empty);
  EXPECT_EQ(Take(9), (Texts{kLong, kLong + "joins"}));
}

TEST_F(SendQueueTest, GivesEverythingBackWhenCleared) {
  EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kQueued);
  EXPECT_EQ(Push(Received(BufferClass::kBulk, kLong)), PushResult::kQueued);
  EXPECT_EQ(Push(Pooled(BufferClass::kChunk, kLong)), PushResult::kQueued);
  Take(1);
  Sent(1);
  EXPECT_EQ(queue_.Clear(stores_), 3 * 1025U - 1);
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(queue_.slices(), 0U);
  EXPECT_FALSE(queue_.stalls());
  ExpectNothingHeld();
  EXPECT_EQ(queue_.Clear(stores_), 0U);
}

TEST_F(SendQueueTest, DiesOnAnEmptyPiece) {
  EXPECT_DEATH(static_cast<void>(Push(Pooled(BufferClass::kCell, ""))),
               "check failed: piece.bytes > 0");
}

TEST_F(SendQueueTest, DiesOnASecondSendInFlight) {
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "ab")), PushResult::kQueued);
  Take(9);
  EXPECT_DEATH(Take(9), "check failed: in_flight_ == 0");
  EXPECT_DEATH(queue_.Clear(stores_), "check failed: in_flight_ == 0");
}

TEST_F(SendQueueTest, DiesWhenMoreIsSentThanWasInFlight) {
  EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kQueued);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kQueued);
  EXPECT_DEATH(Sent(1), "check failed: in_flight_ > 0");
  Take(1);
  EXPECT_DEATH(Sent(1026), "check failed: in_flight_ > 0");
  EXPECT_DEATH(Sent(2051), "left 2051, right 2050");
}

}  // namespace
}  // namespace ringway::flow
