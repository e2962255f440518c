// SPDX-License-Identifier: Apache-2.0
//
// Receiving on real sockets: leases, classes, credit, starvation, ends.
#include <optional>

#include "gateway/read/receiver.h"
#include "tests/kernel/rooms_fixture.h"

namespace ringway::read {
namespace {

constexpr base::LinkId kLink = {.slot = 5, .generation = 0x12'3456};
constexpr uint32_t kSmallBytes = 4096;
constexpr uint32_t kCredit = 1 << 20;

class ReceiverTest : public rooms::RoomTest {
 protected:
  ReceiverTest() {
    auto receiver = Receiver::Open(ring_, arena_, counters_);
    EXPECT_TRUE(receiver.ok()) << receiver.status();
    receiver_.emplace(*std::move(receiver));
  }

  void TearDown() override {
    leases_.clear();
    static_cast<void>(receiver_->Cancel(kLink, state_));
    while (state_.armed && !HasFatalFailure() && !stuck_) Receive().lease.Return();
    EXPECT_EQ(arena_.leased(BufferClass::kSmall), 0U);
    EXPECT_EQ(arena_.leased(BufferClass::kBulk), 0U);
  }

  /// As a worker does: single ones in a small buffer, others in the class that the link has proved
  /// to fill.
  void Arm(ReceiveMode mode, uint32_t bytes = kCredit) {
    const BufferClass c = mode == ReceiveMode::kOnce ? BufferClass::kSmall : state_.buffer_class;
    receiver_->Arm(kLink, pair_.near.fd(), {.mode = mode, .buffer_class = c, .bytes = bytes},
                   state_);
    EXPECT_EQ(state_.multishot, mode == ReceiveMode::kMultishot);
  }

  /// The next completion of the receive, as the room understands it.
  Received Receive() {
    rooms::Arrived arrived = Next();
    while (arrived.operation() == base::Operation::kCancel) {
      EXPECT_EQ(arrived.id(), kLink);
      ++cancels_completed_;
      arrived = Next();
    }
    stuck_ = arrived.operation() != base::Operation::kReceive;
    EXPECT_FALSE(stuck_);
    EXPECT_EQ(arrived.id(), kLink);
    return stuck_ ? Received{} : receiver_->OnCompletion(arrived.Cqe(), state_);
  }

  void Append(const Received& received, std::vector<uint8_t>& all) {
    EXPECT_EQ(received.outcome, ReceiveOutcome::kBytes);
    all.insert(all.end(), received.lease.data(), received.lease.data() + received.bytes);
  }

  /// Receives so many bytes, armed again whenever the receive has ended.
  std::vector<uint8_t> ReceiveBytes(size_t count) {
    std::vector<uint8_t> all;
    while (all.size() < count && !stuck_) {
      receiver_->Replenish();
      if (!state_.armed) Arm(ReceiveMode::kMultishot);
      const Received received = Receive();
      if (received.outcome == ReceiveOutcome::kBytes) Append(received, all);
      if (received.outcome == ReceiveOutcome::kFin) break;
    }
    return all;
  }

  /// So many receives, each of one byte.
  void ReceiveBytesOneByOne(int count) {
    for (int i = 0; i < count; ++i) {
      pair_.far.Write("x");
      EXPECT_EQ(ReceiveBytes(1).size(), 1U);
    }
  }

  /// A link that has proved to fill small buffers; not armed.
  void Promote() {
    pair_.far.Write(loopback::Pattern(0, 3 * kSmallBytes));
    EXPECT_EQ(ReceiveBytes(3 * kSmallBytes).size(), 3 * kSmallBytes);
    EXPECT_EQ(state_.buffer_class, BufferClass::kBulk);
    EXPECT_EQ(state_.armed_class, BufferClass::kSmall);
    EndReceive();
  }

  void EndReceive() {
    if (receiver_->Cancel(kLink, state_)) {
      EXPECT_EQ(Receive().outcome, ReceiveOutcome::kCancelled);
    }
    EXPECT_FALSE(state_.armed);
  }

  std::optional<Receiver> receiver_;
  loopback::Pair pair_ = loopback::ConnectedPair();
  ReceiveState state_;
  std::vector<base::Lease> leases_;
  int cancels_completed_ = 0;
  bool stuck_ = false;
};

TEST_F(ReceiverTest, BytesComeInALeaseWithItsHeadRoomFree) {
  Arm(ReceiveMode::kMultishot);
  EXPECT_TRUE(state_.armed);
  pair_.far.Write("hello");
  const Received received = Receive();
  ASSERT_EQ(received.outcome, ReceiveOutcome::kBytes);
  EXPECT_EQ(std::string_view(reinterpret_cast<char*>(received.lease.data()), received.bytes),
            "hello");
  EXPECT_EQ(received.lease.data(), arena_.Data(received.lease.id()));
  EXPECT_TRUE(state_.armed);
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 1U);
}

TEST_F(ReceiverTest, AnIdleReceiveHoldsNoBuffer) {
  Arm(ReceiveMode::kMultishot);
  EXPECT_TRUE(IsQuiet());
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 0U);
}

TEST_F(ReceiverTest, OnceTakesOneReceiveAndNoMore) {
  Arm(ReceiveMode::kOnce);
  pair_.far.Write("head");
  EXPECT_EQ(Receive().bytes, 4U);
  EXPECT_FALSE(state_.armed);
  pair_.far.Write("body");
  EXPECT_TRUE(IsQuiet());
  EXPECT_EQ(ReceiveBytes(4).size(), 4U);
}

TEST_F(ReceiverTest, OnceTakesItsCreditAtMost) {
  pair_.far.Write("headbody");
  Arm(ReceiveMode::kOnce, 4);
  EXPECT_EQ(Receive().bytes, 4U);
  EXPECT_EQ(ReceiveBytes(4).size(), 4U);
}

TEST_F(ReceiverTest, OnceTakesABulkBufferWhereItIsArmedSo) {
  pair_.far.Write(loopback::Pattern(0, 3 * kSmallBytes));
  receiver_->Arm(
      kLink, pair_.near.fd(),
      {.mode = ReceiveMode::kOnce, .buffer_class = BufferClass::kBulk, .bytes = 2 * kSmallBytes},
      state_);
  const Received received = Receive();
  EXPECT_EQ(received.bytes, 2 * kSmallBytes);
  EXPECT_EQ(arena_.ClassOf(received.lease.id()), BufferClass::kBulk);
  EXPECT_FALSE(state_.armed);
}

TEST_F(ReceiverTest, OnceTakesASmallBufferAlsoOfAPromotedLink) {
  Promote();
  pair_.far.Write(loopback::Pattern(0, 3 * kSmallBytes));
  Arm(ReceiveMode::kOnce);
  const Received received = Receive();
  EXPECT_EQ(received.bytes, kSmallBytes);
  EXPECT_EQ(arena_.ClassOf(received.lease.id()), BufferClass::kSmall);
}

TEST_F(ReceiverTest, ALinkThatFillsThreeSmallBuffersGetsBulkOnes) {
  Promote();
  EXPECT_EQ(arena_.leased(BufferClass::kBulk), 0U);
  constexpr uint32_t kBytes = 5 * kSmallBytes;
  pair_.far.Write(loopback::Pattern(0, kBytes));
  Arm(ReceiveMode::kMultishot);
  EXPECT_EQ(state_.armed_class, BufferClass::kBulk);
  const Received received = Receive();
  ASSERT_EQ(received.outcome, ReceiveOutcome::kBytes);
  EXPECT_EQ(received.bytes, kBytes);
  EXPECT_EQ(arena_.ClassOf(received.lease.id()), BufferClass::kBulk);
  EXPECT_EQ(loopback::FirstDifference({received.lease.data(), kBytes}), kBytes);
}

TEST_F(ReceiverTest, TwoFullBuffersAreNoReasonToPromote) {
  for (int i = 0; i < 4; ++i) {
    pair_.far.Write(loopback::Pattern(0, 2 * kSmallBytes + 1));
    EXPECT_EQ(ReceiveBytes(2 * kSmallBytes + 1).size(), 2 * kSmallBytes + 1);
  }
  EXPECT_EQ(state_.buffer_class, BufferClass::kSmall);
}

TEST_F(ReceiverTest, APromotedLinkWithoutBulkIsDemotedAfterSixteenReceives) {
  Promote();
  Arm(ReceiveMode::kMultishot);
  ReceiveBytesOneByOne(15);
  EXPECT_EQ(state_.buffer_class, BufferClass::kBulk);
  ReceiveBytesOneByOne(1);
  EXPECT_EQ(state_.buffer_class, BufferClass::kSmall);
  EXPECT_EQ(state_.armed_class, BufferClass::kBulk);
  EndReceive();
  Arm(ReceiveMode::kMultishot);
  EXPECT_EQ(state_.armed_class, BufferClass::kSmall);
}

TEST_F(ReceiverTest, OneBulkReceiveStartsTheCountAnew) {
  Promote();
  Arm(ReceiveMode::kMultishot);
  ReceiveBytesOneByOne(15);
  pair_.far.Write(loopback::Pattern(0, kSmallBytes + 1));
  EXPECT_EQ(ReceiveBytes(kSmallBytes + 1).size(), kSmallBytes + 1);
  ReceiveBytesOneByOne(15);
  EXPECT_EQ(state_.buffer_class, BufferClass::kBulk);
}

TEST_F(ReceiverTest, AChangeOfClassBeforeTheEndKeepsTheBuffersOfTheOldOne) {
  pair_.far.Write(loopback::Pattern(0, 5 * kSmallBytes));
  Arm(ReceiveMode::kMultishot);
  for (int i = 0; i < 5; ++i) {
    const Received received = Receive();
    ASSERT_EQ(received.outcome, ReceiveOutcome::kBytes);
    EXPECT_EQ(arena_.ClassOf(received.lease.id()), BufferClass::kSmall);
  }
  EXPECT_EQ(state_.buffer_class, BufferClass::kBulk);
}

TEST_F(ReceiverTest, StarvationEndsTheReceiveAndLeasesThatComeBackMendIt) {
  constexpr uint32_t kBytes = (kSmallBuffers + 4) * kSmallBytes;
  pair_.far.Write(loopback::Pattern(0, kBytes));
  Arm(ReceiveMode::kMultishot);
  std::vector<uint8_t> all;
  // Every lease is kept: the class runs out.
  while (state_.armed) {
    Received received = Receive();
    ASSERT_TRUE(received.outcome == ReceiveOutcome::kBytes ||
                received.outcome == ReceiveOutcome::kStarved);
    if (received.outcome == ReceiveOutcome::kStarved) continue;
    Append(received, all);
    leases_.push_back(std::move(received.lease));
  }
  EXPECT_EQ(leases_.size(), kSmallBuffers);
  EXPECT_FALSE(receiver_->HasBuffers(BufferClass::kSmall));
  EXPECT_TRUE(receiver_->HasBuffers(BufferClass::kBulk));
  EXPECT_FALSE(state_.ended);

  leases_.clear();
  EXPECT_TRUE(receiver_->HasBuffers(BufferClass::kSmall));
  state_.buffer_class = BufferClass::kSmall;
  const std::vector<uint8_t> rest = ReceiveBytes(kBytes - all.size());
  all.insert(all.end(), rest.begin(), rest.end());
  EXPECT_EQ(all.size(), kBytes);
  EXPECT_EQ(loopback::FirstDifference(all), all.size());
}

TEST_F(ReceiverTest, AReceiveWithoutAnyBufferIsStarvedAndCounted) {
  pair_.far.Write(loopback::Pattern(0, kSmallBuffers * kSmallBytes));
  Arm(ReceiveMode::kMultishot);
  while (state_.armed && leases_.size() < kSmallBuffers) {
    leases_.push_back(std::move(Receive().lease));
  }
  EndReceive();
  const uint64_t before = counters_.receives_starved.value();
  state_.buffer_class = BufferClass::kSmall;
  pair_.far.Write("more");
  Arm(ReceiveMode::kMultishot);
  EXPECT_EQ(Receive().outcome, ReceiveOutcome::kStarved);
  EXPECT_FALSE(state_.armed);
  EXPECT_EQ(counters_.receives_starved.value(), before + 1);
}

TEST_F(ReceiverTest, ALeaseThatIsSharedComesBackWithItsLastHolder) {
  pair_.far.Write("shared");
  Arm(ReceiveMode::kMultishot);
  Received received = Receive();
  base::Lease second = received.lease.Share();
  received.lease.Return();
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 1U);
  second.Return();
  EXPECT_EQ(arena_.leased(BufferClass::kSmall), 0U);
  receiver_->Replenish();
  EXPECT_EQ(arena_.PopReturned(BufferClass::kSmall), base::Arena::kNone);
}

TEST_F(ReceiverTest, ACancelEndsTheReceiveOnceAndIsSubmittedOnce) {
  Arm(ReceiveMode::kMultishot);
  EXPECT_TRUE(IsQuiet());
  EXPECT_TRUE(receiver_->Cancel(kLink, state_));
  EXPECT_FALSE(receiver_->Cancel(kLink, state_));
  EXPECT_EQ(Receive().outcome, ReceiveOutcome::kCancelled);
  EXPECT_FALSE(state_.armed);
  EXPECT_FALSE(state_.cancelling);
  EXPECT_FALSE(state_.ended);
  EXPECT_FALSE(receiver_->Cancel(kLink, state_));
  while (!IsQuiet()) cancels_completed_ += TakeFront().operation() == base::Operation::kCancel;
  EXPECT_EQ(cancels_completed_, 1);
}

TEST_F(ReceiverTest, ACancelThatRacesBytesLosesNone) {
  std::vector<uint8_t> all;
  constexpr size_t kRounds = 30;
  for (size_t round = 0; round < kRounds; ++round) {
    receiver_->Replenish();
    Arm(ReceiveMode::kMultishot);
    if (round % 2 == 0) Turn();
    pair_.far.Write(loopback::Pattern(round * 10, 10));
    EXPECT_TRUE(receiver_->Cancel(kLink, state_));
    while (state_.armed && !stuck_) {
      const Received received = Receive();
      if (received.outcome == ReceiveOutcome::kBytes) Append(received, all);
    }
  }
  const std::vector<uint8_t> rest = ReceiveBytes(kRounds * 10 - all.size());
  all.insert(all.end(), rest.begin(), rest.end());
  EXPECT_EQ(all, loopback::Pattern(0, kRounds * 10));
}

TEST_F(ReceiverTest, AMultishotReceiveEndsAtItsCreditWhereTheKernelCaps) {
  if (!receiver_->caps_receives()) GTEST_SKIP() << "this kernel has no receive cap (6.17)";
  pair_.far.Write(loopback::Pattern(0, 4 * kSmallBytes));
  Arm(ReceiveMode::kMultishot, 2 * kSmallBytes);
  EXPECT_EQ(Receive().bytes, kSmallBytes);
  EXPECT_TRUE(state_.armed);
  EXPECT_EQ(Receive().bytes, kSmallBytes);
  EXPECT_FALSE(state_.armed);
  EXPECT_TRUE(IsQuiet());
}

TEST_F(ReceiverTest, TheEndOfTheStreamEndsTheLinksReceives) {
  pair_.far.Write("last");
  pair_.far.ShutdownWrite();
  Arm(ReceiveMode::kMultishot);
  EXPECT_EQ(Receive().bytes, 4U);
  EXPECT_FALSE(state_.ended);
  EXPECT_EQ(Receive().outcome, ReceiveOutcome::kFin);
  EXPECT_TRUE(state_.ended);
  EXPECT_FALSE(state_.armed);
}

TEST_F(ReceiverTest, AResetEndsTheLinksReceives) {
  Arm(ReceiveMode::kMultishot);
  EXPECT_TRUE(IsQuiet());
  pair_.far.Reset();
  EXPECT_EQ(Receive().outcome, ReceiveOutcome::kReset);
  EXPECT_TRUE(state_.ended);
  EXPECT_EQ(counters_.completions_unexpected.value(), 0U);
}

TEST_F(ReceiverTest, AResultWithoutARuleIsCounted) {
  receiver_->Arm(kLink, 1 << 20, {.bytes = kCredit}, state_);
  EXPECT_EQ(Receive().outcome, ReceiveOutcome::kUnexpected);
  EXPECT_TRUE(state_.ended);
  EXPECT_EQ(counters_.completions_unexpected.value(), 1U);
}

TEST_F(ReceiverTest, ALongStreamArrivesWholeThroughBothClasses) {
  constexpr size_t kRoundBytes = 200'000;
  std::vector<uint8_t> all;
  for (size_t round = 0; round < 5; ++round) {
    const std::vector<uint8_t> bytes = loopback::Pattern(round * kRoundBytes, kRoundBytes);
    std::span<const uint8_t> left = bytes;
    while (!left.empty() && !stuck_) {
      const size_t written = pair_.far.Write(left);
      left = left.subspan(written);
      const std::vector<uint8_t> got = ReceiveBytes(written);
      all.insert(all.end(), got.begin(), got.end());
      if (state_.buffer_class != state_.armed_class && state_.armed) EndReceive();
    }
  }
  EXPECT_EQ(all.size(), 5 * kRoundBytes);
  EXPECT_EQ(loopback::FirstDifference(all), all.size());
}

}  // namespace
}  // namespace ringway::read
