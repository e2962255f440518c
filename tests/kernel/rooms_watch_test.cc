// SPDX-License-Identifier: Apache-2.0
//
// The watch over a stream that is not read: what it tells of a real socket, and of what it says
// nothing.
#include <optional>

#include "gateway/read/receiver.h"
#include "tests/kernel/rooms_fixture.h"

namespace ringway::read {
namespace {

constexpr base::LinkId kLink = {.slot = 9, .generation = 0x65'4321};

class WatchTest : public rooms::RoomTest {
 protected:
  WatchTest() {
    auto receiver = Receiver::Open(ring_, arena_, counters_);
    EXPECT_TRUE(receiver.ok()) << receiver.status();
    receiver_.emplace(*std::move(receiver));
  }

  void Watch() { EXPECT_TRUE(receiver_->WatchEnd(kLink, pair_.near.fd(), state_)); }

  /// What the watch says next.
  WatchOutcome Watched() {
    const rooms::Arrived arrived = Next();
    EXPECT_EQ(arrived.operation(), base::Operation::kEnd);
    EXPECT_EQ(arrived.id(), kLink);
    return receiver_->OnWatched(arrived.Cqe(), state_);
  }

  /// More than fits into the sockets in between.
  void Flood() {
    const std::vector<uint8_t> bytes = loopback::Pattern(0, 1 << 20);
    while (pair_.far.Write(bytes) > 0) Turn();
  }

  std::optional<Receiver> receiver_;
  loopback::Pair pair_ = loopback::ConnectedPair({.send = 16 * 1024, .receive = 16 * 1024});
  ReceiveState state_;
};

TEST_F(WatchTest, SaysNothingOfBytes) {
  Watch();
  EXPECT_TRUE(state_.watched);
  for (int i = 0; i < 3; ++i) {
    pair_.far.Write("bytes");
    EXPECT_TRUE(IsQuiet());
  }
  Flood();
  EXPECT_TRUE(IsQuiet()) << "nor of a full socket";
}

TEST_F(WatchTest, TellsOfAFinOnce) {
  Watch();
  pair_.far.ShutdownWrite();
  EXPECT_EQ(Watched(), WatchOutcome::kFin);
  EXPECT_TRUE(state_.saw_fin);
  EXPECT_TRUE(IsQuiet());
}

TEST_F(WatchTest, TellsOfAFinBehindBytesThatWait) {
  pair_.far.Write("unread");
  Watch();
  EXPECT_TRUE(IsQuiet());
  pair_.far.ShutdownWrite();
  EXPECT_EQ(Watched(), WatchOutcome::kFin);
  EXPECT_EQ(kernel_->UnreadBytes(pair_.near.fd()), 6);
}

TEST_F(WatchTest, TellsOfAFinThatHadComeBefore) {
  pair_.far.Write("unread");
  pair_.far.ShutdownWrite();
  EXPECT_TRUE(IsQuiet());
  Watch();
  EXPECT_EQ(Watched(), WatchOutcome::kFin);
}

TEST_F(WatchTest, TellsOfAReset) {
  Watch();
  pair_.far.Reset();
  EXPECT_EQ(Watched(), WatchOutcome::kBroken);
  EXPECT_FALSE(state_.saw_fin);
}

TEST_F(WatchTest, TellsOfAResetBehindBytesThatWait) {
  pair_.far.Write("unread");
  Watch();
  pair_.far.Reset();
  EXPECT_EQ(Watched(), WatchOutcome::kBroken);
}

TEST_F(WatchTest, TellsOfAResetWhileTheSocketIsFull) {
  Watch();
  Flood();
  pair_.far.Reset();
  EXPECT_EQ(Watched(), WatchOutcome::kBroken);
}

TEST_F(WatchTest, TellsOfAResetAfterAFinAndIsNotArmedAgainBetween) {
  Watch();
  pair_.far.ShutdownWrite();
  EXPECT_EQ(Watched(), WatchOutcome::kFin);
  EXPECT_FALSE(receiver_->WatchEnd(kLink, pair_.near.fd(), state_));
  pair_.far.Reset();
  EXPECT_EQ(Watched(), WatchOutcome::kBroken);
}

TEST_F(WatchTest, IsSubmittedOnce) {
  Watch();
  EXPECT_FALSE(receiver_->WatchEnd(kLink, pair_.near.fd(), state_));
  pair_.far.ShutdownWrite();
  EXPECT_EQ(Watched(), WatchOutcome::kFin);
  EXPECT_TRUE(IsQuiet());
}

TEST_F(WatchTest, IsNotSubmittedForAStreamThatHasEnded) {
  state_.ended = true;
  EXPECT_FALSE(receiver_->WatchEnd(kLink, pair_.near.fd(), state_));
}

TEST_F(WatchTest, EndsWithACancelAndMayBeArmedAgain) {
  Watch();
  EXPECT_TRUE(IsQuiet());
  io_uring_sqe* sqe = ring_.NextEntry();
  io_uring_prep_cancel_fd(sqe, pair_.near.fd(), IORING_ASYNC_CANCEL_ALL);
  sqe->user_data = uring::UserData{.kind = static_cast<uint8_t>(base::Operation::kCancel)}.Pack();
  sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  EXPECT_EQ(Watched(), WatchOutcome::kNothing);
  EXPECT_FALSE(state_.watched);
  EXPECT_EQ(counters_.completions_unexpected.value(), 0U);
  Watch();
  pair_.far.ShutdownWrite();
  EXPECT_EQ(Watched(), WatchOutcome::kFin);
}

TEST_F(WatchTest, StandsBesideAReceiveThatBringsWhatIsInFrontOfTheEnd) {
  Watch();
  receiver_->Arm(kLink, pair_.near.fd(), {.bytes = 1 << 20}, state_);
  pair_.far.Write("last");
  const rooms::Arrived arrived = Next();
  ASSERT_EQ(arrived.operation(), base::Operation::kReceive);
  Received received = receiver_->OnCompletion(arrived.Cqe(), state_);
  EXPECT_EQ(received.bytes, 4U);
  received.lease.Return();
  pair_.far.ShutdownWrite();
  bool saw_fin = false;
  bool watch_saw_fin = false;
  for (int i = 0; i < 2; ++i) {
    const rooms::Arrived end = Next();
    if (end.operation() == base::Operation::kEnd) {
      watch_saw_fin = receiver_->OnWatched(end.Cqe(), state_) == WatchOutcome::kFin;
    } else {
      saw_fin = receiver_->OnCompletion(end.Cqe(), state_).outcome == ReceiveOutcome::kFin;
    }
  }
  EXPECT_TRUE(saw_fin);
  EXPECT_TRUE(watch_saw_fin);
}

}  // namespace
}  // namespace ringway::read
