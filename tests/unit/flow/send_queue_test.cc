// SPDX-License-Identifier: Apache-2.0
//
// The send queue while there is no want of receive buffers: nothing is copied.
#include "gateway/flow/send_queue.h"

#include "tests/unit/flow/send_queue_fixture.h"

namespace ringway::flow {
namespace {

using Texts = std::vector<std::string>;

TEST_F(SendQueueTest, IsEmptyAtFirst) {
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(queue_.bytes(), 0U);
  EXPECT_EQ(queue_.slices(), 0U);
  EXPECT_EQ(queue_.in_flight(), 0U);
  EXPECT_EQ(Take(9), Texts{});
}

TEST_F(SendQueueTest, OffersSlicesInTheOrderOfTheirPushes) {
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "one"), Source::kClient), PushResult::kQueued);
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "two"), Source::kGateway), PushResult::kQueued);
  EXPECT_EQ(Push(Received(BufferClass::kBulk, "three"), Source::kBackend), PushResult::kQueued);
  EXPECT_FALSE(queue_.empty());
  EXPECT_EQ(queue_.bytes(), 11U);
  EXPECT_EQ(queue_.slices(), 3U);
  EXPECT_EQ(Take(9), (Texts{"one", "two", "three"}));
}

TEST_F(SendQueueTest, CopiesNothing) {
  Piece piece = Received(BufferClass::kSmall, "in place");
  const uint8_t* at = piece.data;
  EXPECT_EQ(Push(std::move(piece), Source::kClient), PushResult::kQueued);
  queue_.TakeFront(pool_, [at](const uint8_t* data, uint32_t /*bytes*/) {
    EXPECT_EQ(data, at);
    return true;
  });
}

TEST_F(SendQueueTest, TakesOnlyWhatTheReaderAccepts) {
  for (const char* text : {"a", "b", "c"}) {
    EXPECT_EQ(Push(Received(BufferClass::kSmall, text), Source::kClient), PushResult::kQueued);
  }
  EXPECT_EQ(Take(0), Texts{});
  EXPECT_EQ(queue_.in_flight(), 0U);
  EXPECT_EQ(Take(2), (Texts{"a", "b"}));
  EXPECT_EQ(queue_.in_flight(), 2U);
  EXPECT_EQ(queue_.bytes(), 3U) << "what is in flight still waits for the socket";
  Sent(2);
  EXPECT_EQ(queue_.in_flight(), 0U);
  EXPECT_EQ(Take(2), Texts{"c"});
}

TEST_F(SendQueueTest, JoinsCellsThatWaitOneBehindTheOther) {
  const std::string long_text(300, 'b');
  for (const std::string& text : {std::string("a"), long_text, long_text}) {
    EXPECT_EQ(Push(Pooled(BufferClass::kCell, text), Source::kClient), PushResult::kQueued);
  }
  EXPECT_EQ(queue_.bytes(), 601U);
  EXPECT_EQ(arena_.leased(BufferClass::kCell), 2U) << "the first is full to its last byte";
  EXPECT_EQ(Take(9), (Texts{"a" + long_text + long_text.substr(0, 211), long_text.substr(211)}));
  ExpectReturned(Sent(601), 601, 0, 601);
}

TEST_F(SendQueueTest, JoinsNoCellThatIsInFlightOrSharedOrOfAnotherSource) {
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "a"), Source::kClient), PushResult::kQueued);
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "b"), Source::kGateway), PushResult::kQueued);
  EXPECT_EQ(Take(9), (Texts{"a", "b"}));
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "c"), Source::kGateway), PushResult::kQueued);
  Sent(2);
  Piece held = Pooled(BufferClass::kCell, "d");
  const Lease share = held.lease.Share();
  EXPECT_EQ(Push(std::move(held), Source::kClient), PushResult::kQueued);
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "e"), Source::kClient), PushResult::kQueued);
  EXPECT_EQ(Take(9), (Texts{"c", "d", "e"}));
}

TEST_F(SendQueueTest, ContinuesInsideASliceAfterAShortSend) {
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "abcdef"), Source::kClient), PushResult::kQueued);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "ghi"), Source::kBackend), PushResult::kQueued);
  Take(9);
  ExpectReturned(Sent(4), 4, 0, 4);
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 2U) << "the rest of the slice needs its buffer";
  EXPECT_EQ(Take(9), (Texts{"ef", "ghi"}));
  ExpectReturned(Sent(3), 2, 1, 3);
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 1U);
  EXPECT_EQ(Take(9), Texts{"hi"});
  ExpectReturned(Sent(2), 0, 2, 2);
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 0U);
  EXPECT_TRUE(queue_.empty());
}

TEST_F(SendQueueTest, OffersEverythingAgainWhenNothingWasSent) {
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "again"), Source::kClient), PushResult::kQueued);
  Take(9);
  ExpectReturned(Sent(0), 0, 0, 0);
  EXPECT_EQ(queue_.in_flight(), 0U);
  EXPECT_EQ(Take(9), Texts{"again"});
}

TEST_F(SendQueueTest, EndsASendAtTheEndOfASlice) {
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "ab"), Source::kClient), PushResult::kQueued);
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "cd"), Source::kClient), PushResult::kQueued);
  Take(9);
  Sent(2);
  EXPECT_EQ(queue_.slices(), 1U);
  EXPECT_EQ(Take(9), Texts{"cd"});
}

TEST_F(SendQueueTest, AcceptsPushesWhileASendIsInFlight) {
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "ab"), Source::kClient), PushResult::kQueued);
  Take(9);
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "cd"), Source::kBackend), PushResult::kQueued);
  EXPECT_EQ(queue_.in_flight(), 1U);
  ExpectReturned(Sent(2), 2, 0, 2);
  EXPECT_EQ(Take(9), Texts{"cd"});
}

TEST_F(SendQueueTest, WorksAgainAfterItRanEmpty) {
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(Push(Pooled(BufferClass::kCell, "xy"), Source::kClient), PushResult::kQueued);
    Take(9);
    Sent(2);
    EXPECT_TRUE(queue_.empty());
    EXPECT_EQ(queue_.slices(), 0U);
  }
}

TEST_F(SendQueueTest, ReturnsCreditToTheSourceOfEachByte) {
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "c"), Source::kClient), PushResult::kQueued);
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "bb"), Source::kBackend), PushResult::kQueued);
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "gggg"), Source::kGateway), PushResult::kQueued);
  Take(9);
  ExpectReturned(Sent(7), 1, 2, 7);
}

TEST_F(SendQueueTest, KeepsABufferUntilItsLastSliceHasLeft) {
  Piece whole = Received(BufferClass::kSmall, "firstsecond");
  Piece second{.lease = whole.lease.Share(), .data = whole.data + 5, .bytes = 6};
  whole.bytes = 5;
  EXPECT_EQ(Push(std::move(whole), Source::kClient), PushResult::kQueued);
  EXPECT_EQ(Push(std::move(second), Source::kClient), PushResult::kQueued);
  Take(1);
  Sent(5);
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 1U);
  EXPECT_EQ(Take(9), Texts{"second"});
  Sent(6);
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 0U);
}

TEST_F(SendQueueTest, SendsLentMemoryFromWhereItIsAndNeverWritesToIt) {
  static constexpr std::string_view kText = "never written to";
  const auto* const text = reinterpret_cast<const uint8_t*>(kText.data());
  const auto lend = [&] {
    Lease lease = arena_.Lend(0, text);
    uint8_t* const data = lease.data();
    return Piece{.lease = std::move(lease), .data = data, .bytes = 5};
  };
  Hoard(BufferClass::kSmall, kSmall);
  Hoard(BufferClass::kBulk, kBulk);
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "head"), Source::kGateway), PushResult::kQueued);
  EXPECT_EQ(Push(lend(), Source::kGateway), PushResult::kQueued) << "not moved, though all is out";
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "next"), Source::kGateway), PushResult::kQueued);
  EXPECT_EQ(queue_.slices(), 3U) << "nothing joins it";
  queue_.TakeFront(pool_, [&](const uint8_t* data, uint32_t bytes) {
    EXPECT_TRUE(bytes == 4 || data == text);
    return true;
  });
  const Returned sent = Sent(6);
  ExpectReturned(sent, 0, 0, 6);
  EXPECT_EQ(sent.lent_bytes, 2U);
  EXPECT_EQ(Take(9), (Texts{"ver", "next"}));
  EXPECT_EQ(arena_.PopReturned(BufferClass::kLent), base::Arena::kNone);
  Sent(3);
  EXPECT_EQ(arena_.PopReturned(BufferClass::kLent), 0U);
  EXPECT_EQ(Push(lend(), Source::kGateway), PushResult::kQueued);
  const Returned cleared = queue_.Clear(pool_, arena_);
  ExpectReturned(cleared, 0, 0, 9);
  EXPECT_EQ(cleared.lent_bytes, 5U);
  EXPECT_EQ(arena_.PopReturned(BufferClass::kLent), 0U);
}

TEST_F(SendQueueTest, GivesEverythingBackWhenCleared) {
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "abc"), Source::kClient), PushResult::kQueued);
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "de"), Source::kBackend), PushResult::kQueued);
  EXPECT_EQ(Push(Pooled(BufferClass::kChunk, "f"), Source::kGateway), PushResult::kQueued);
  Take(1);
  Sent(1);
  ExpectReturned(queue_.Clear(pool_, arena_), 2, 2, 5);
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(queue_.bytes(), 0U);
  EXPECT_EQ(queue_.slices(), 0U);
  EXPECT_EQ(pool_.open(), 0U);
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 0U);
  EXPECT_EQ(arena_.leased(BufferClass::kChunk), 0U);
  ExpectReturned(queue_.Clear(pool_, arena_), 0, 0, 0);
}

TEST_F(SendQueueTest, SaysWhenTheSlicesAreOutAndDropsThePiece) {
  Piece piece = Received(BufferClass::kSmall, "s");
  for (uint32_t i = 0; i < kSlices; ++i) {
    EXPECT_EQ(Push({.lease = piece.lease.Share(), .data = piece.data, .bytes = 1}, Source::kClient),
              PushResult::kQueued);
  }
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "x"), Source::kClient), PushResult::kExhausted);
  EXPECT_EQ(arena_.leased(BufferClass::kCell), 0U);
  EXPECT_EQ(queue_.bytes(), kSlices);
  EXPECT_EQ(queue_.slices(), kSlices);
  Take(99);
  Sent(1);
  EXPECT_EQ(Push(std::move(piece), Source::kClient), PushResult::kQueued);
}

TEST_F(SendQueueTest, DiesOnAnEmptyPiece) {
  EXPECT_DEATH(static_cast<void>(Push(Pooled(BufferClass::kCell, ""), Source::kClient)),
               "check failed: piece.bytes > 0");
}

TEST_F(SendQueueTest, DiesOnASecondSendInFlight) {
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "ab"), Source::kClient), PushResult::kQueued);
  Take(9);
  EXPECT_DEATH(Take(9), "check failed: in_flight_ == 0");
  EXPECT_DEATH(queue_.Clear(pool_, arena_), "check failed: in_flight_ == 0");
}

TEST_F(SendQueueTest, DiesWhenMoreIsSentThanWasInFlight) {
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "ab"), Source::kClient), PushResult::kQueued);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, "cd"), Source::kClient), PushResult::kQueued);
  EXPECT_DEATH(Sent(1), "check failed: in_flight_ > 0");
  Take(1);
  EXPECT_DEATH(Sent(3), "check failed: in_flight_ > 0");
  EXPECT_DEATH(Sent(5), "left 5, right 4");
}

}  // namespace
}  // namespace ringway::flow
