// SPDX-License-Identifier: Apache-2.0
//
// A socket that does not take all: what its queue keeps in receive buffers goes to pooled ones
// where all queues together keep more than an eighth of a class.
#include "tests/unit/flow/send_queue_fixture.h"

namespace ringway::flow {
namespace {

const std::string kLong = Numbered(1025);

class Settle : public SendQueueTest {
 protected:
  /// With the queue's two more than an eighth.
  void PushTwo() {
    Crowd(BufferClass::kSmall, 8);
    EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kQueued);
    EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kQueued);
    EXPECT_EQ(arena_.leased(BufferClass::kSmall), 2U);
  }
};

TEST_F(Settle, GivesReceiveBuffersBackAfterAShortSend) {
  PushTwo();
  Take(9);
  Sent(25);
  EXPECT_TRUE(queue_.stalls());
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 0U);
  EXPECT_EQ(arena_.leased(BufferClass::kChunk), 1U);
  EXPECT_EQ(queue_.footprint(), kChunkCost);
  EXPECT_EQ(queue_.bytes(), 2025U);
  EXPECT_EQ(Take(9), Texts{kLong.substr(25) + kLong});
}

TEST_F(Settle, GivesThemBackWhenTheSocketTookNothing) {
  PushTwo();
  Take(9);
  Sent(0);
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 0U);
  EXPECT_EQ(Take(9), Texts{kLong + kLong});
}

TEST_F(Settle, MayCutPongsNeitherHalfOfWhichIsReplaced) {
  Crowd(BufferClass::kSmall, 8);
  const std::string data = Numbered(460);  // in a cell there is room for half of the pong behind it
  const std::string pong(100, 'p');
  EXPECT_EQ(Push(Received(BufferClass::kSmall, data)), PushResult::kQueued);
  Take(9);
  EXPECT_EQ(PushPongs(pong), PushResult::kQueued);
  Sent(0);
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 0U);
  EXPECT_EQ(PushPongs("next"), PushResult::kQueued);
  EXPECT_EQ(Joined(Take(9)), data + pong + "next");
}

TEST_F(Settle, IsNotNeededWhenTheSocketTookAll) {
  PushTwo();
  Take(1);
  Sent(1025);
  EXPECT_FALSE(queue_.stalls());
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 1U);
}

TEST_F(Settle, IsNotNeededUpToAnEighth) {
  Crowd(BufferClass::kSmall, 6);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kQueued);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kQueued);
  Stall();
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 2U);
  EXPECT_EQ(arena_.leased(BufferClass::kChunk), 0U);
}

TEST_F(Settle, LeavesTheClassOfWhichFewAreKept) {
  Crowd(BufferClass::kBulk, 4);
  EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kQueued);
  EXPECT_EQ(Push(Received(BufferClass::kBulk, Numbered(40'000))), PushResult::kQueued);
  Stall();
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 1U);
  EXPECT_EQ(arena_.leased(BufferClass::kBulk), 0U);
  EXPECT_TRUE(Joined(Take(9)) == kLong + Numbered(40'000));
}

TEST_F(Settle, DoesNotTouchAQueueThatKeepsNone) {
  Crowd(BufferClass::kSmall, 16);
  Crowd(BufferClass::kBulk, 8);
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, Numbered(512))), PushResult::kQueued);
  EXPECT_EQ(Push(Pooled(BufferClass::kChunk, kLong)), PushResult::kQueued);
  Stall();
  EXPECT_EQ(queue_.footprint(), kCellCost + kChunkCost);
}

TEST_F(Settle, KeepsBytesAndOrderOfAMixedQueue) {
  Crowd(BufferClass::kSmall, 8);
  static const std::string kFile = Numbered(3000);
  Piece lent{.lease = arena_.Lend(0, reinterpret_cast<const uint8_t*>(kFile.data())),
             .bytes = 3000};
  lent.data = lent.lease.data();
  EXPECT_EQ(Push(Received(BufferClass::kSmall, kLong)), PushResult::kQueued);
  EXPECT_EQ(Push(std::move(lent)), PushResult::kQueued);
  EXPECT_EQ(Push(Received(BufferClass::kBulk, Numbered(50'000))), PushResult::kQueued);
  EXPECT_EQ(Push(Pooled(BufferClass::kCell, "cell")), PushResult::kQueued);
  EXPECT_EQ(Push(Pooled(BufferClass::kChunk, Numbered(2000))), PushResult::kQueued);
  const std::string all = kLong + kFile + Numbered(50'000) + "cell" + Numbered(2000);
  Take(2);
  Sent(1000);
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 0U);
  EXPECT_EQ(queue_.bytes(), all.size() - 1000);
  EXPECT_EQ(stores_.bytes(), all.size() - 1000);
  EXPECT_TRUE(Joined(Take(99)) == all.substr(1000));
  Sent(queue_.bytes());
  EXPECT_EQ(arena_.PopReturned(BufferClass::kLent), 0U);
}

TEST_F(Settle, KeepsInTheirBuffersWhatThereIsNoChunkFor) {
  PushTwo();
  HoardAllBut(BufferClass::kChunk, 0);
  Take(9);
  Sent(25);
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 1U)
      << "the second one's bytes fit behind the first";
  EXPECT_EQ(Take(9), Texts{kLong.substr(25) + kLong});
}

}  // namespace
}  // namespace ringway::flow
