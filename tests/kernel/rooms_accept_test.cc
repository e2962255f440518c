// SPDX-License-Identifier: Apache-2.0
//
// Accepting on real sockets: several listeners, pausing, stopping, and no descriptor left.
#include "gateway/accept/acceptor.h"
#include "tests/kernel/descriptor_limit.h"
#include "tests/kernel/rooms_fixture.h"

namespace ringway::accept {
namespace {

class AcceptorTest : public rooms::RoomTest {
 protected:
  void TearDown() override {
    acceptor_.Stop();
    while (acceptor_.in_flight() > 0 && !HasFatalFailure() && !stuck_) Take();
    EXPECT_EQ(acceptor_.in_flight(), 0U);
  }

  /// The next completion, given to the acceptor; connections are kept in `connections_`.
  Accepted Take() {
    const rooms::Arrived arrived = Next();
    if (arrived.operation() == base::Operation::kCancelAccept) {
      acceptor_.OnCancelled();
      return {};
    }
    stuck_ = arrived.operation() != base::Operation::kAccept;
    EXPECT_FALSE(stuck_);
    if (stuck_) return {};
    const Accepted accepted = acceptor_.OnCompletion(arrived.Cqe(), arrived.id().slot);
    if (accepted.outcome == AcceptOutcome::kConnected) connections_.emplace_back(accepted.fd);
    return accepted;
  }

  /// Turns until nothing of the acceptor's is with the kernel.
  void TakeAll() {
    while (acceptor_.in_flight() > 0 && !stuck_) Take();
  }

  loopback::Socket first_ = loopback::Listen();
  loopback::Socket second_ = loopback::Listen(AF_INET6);
  const std::array<ListeningSocket, 2> sockets_ = {
      {{.fd = first_.fd(), .listener_index = 3}, {.fd = second_.fd(), .listener_index = 8}}};
  Acceptor acceptor_{ring_, counters_, sockets_};
  std::vector<loopback::Socket> connections_;
  bool stuck_ = false;
};

TEST_F(AcceptorTest, TellsWhichListenerAConnectionCameTo) {
  acceptor_.Arm();
  EXPECT_EQ(acceptor_.in_flight(), 2U);
  for (int i = 0; i < 3; ++i) {
    const loopback::Socket a = loopback::Dial(first_);
    const Accepted to_first = Take();
    EXPECT_EQ(to_first.outcome, AcceptOutcome::kConnected);
    EXPECT_EQ(to_first.listener_index, 3U);
    const loopback::Socket b = loopback::Dial(second_);
    const Accepted to_second = Take();
    EXPECT_EQ(to_second.outcome, AcceptOutcome::kConnected);
    EXPECT_EQ(to_second.listener_index, 8U);
  }
  EXPECT_EQ(counters_.accepted.value(), 6U);
  EXPECT_EQ(acceptor_.in_flight(), 2U);
}

TEST_F(AcceptorTest, WithLittleRoomTakesOneOfEachAndLeavesTheRestWaiting) {
  const std::array<loopback::Socket, 3> waiting = {loopback::Dial(first_), loopback::Dial(first_),
                                                   loopback::Dial(first_)};
  const loopback::Socket other = loopback::Dial(second_);
  acceptor_.Arm(1);
  TakeAll();
  EXPECT_EQ(connections_.size(), 2U) << "one of each listener";
  acceptor_.Arm(1);
  EXPECT_EQ(Take().listener_index, 3U);
  EXPECT_EQ(connections_.size(), 3U);
}

TEST_F(AcceptorTest, TakesAMultishotAcceptBackWhenRoomRunsShort) {
  acceptor_.Arm();
  EXPECT_EQ(acceptor_.in_flight(), 2U);
  acceptor_.Arm(1);
  TakeAll();
  EXPECT_FALSE(acceptor_.paused());
  EXPECT_TRUE(connections_.empty());
}

TEST_F(AcceptorTest, GivesAConnectionThatWorksAndDoesNotBlock) {
  acceptor_.Arm();
  loopback::Socket client = loopback::Dial(first_);
  ASSERT_EQ(Take().outcome, AcceptOutcome::kConnected);
  const int fd = connections_[0].fd();
  EXPECT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  connections_[0].Write("hello");
  EXPECT_EQ(ReadFrom(client, 5).size(), 5U);
}

TEST_F(AcceptorTest, ArmingTwiceArmsOnce) {
  acceptor_.Arm();
  acceptor_.Arm();
  EXPECT_EQ(acceptor_.in_flight(), 2U);
  const loopback::Socket client = loopback::Dial(first_);
  EXPECT_EQ(Take().outcome, AcceptOutcome::kConnected);
  EXPECT_TRUE(IsQuiet());
}

TEST_F(AcceptorTest, WhoComesDuringAPauseIsAcceptedAfterIt) {
  acceptor_.Arm();
  EXPECT_TRUE(IsQuiet());
  acceptor_.Pause();
  EXPECT_TRUE(acceptor_.paused());
  EXPECT_EQ(acceptor_.in_flight(), 4U);
  TakeAll();
  const loopback::Socket a = loopback::Dial(first_);
  const loopback::Socket b = loopback::Dial(second_);
  EXPECT_TRUE(IsQuiet());
  EXPECT_EQ(counters_.accepted.value(), 0U);
  acceptor_.Arm();
  EXPECT_FALSE(acceptor_.paused());
  EXPECT_EQ(Take().outcome, AcceptOutcome::kConnected);
  EXPECT_EQ(Take().outcome, AcceptOutcome::kConnected);
  EXPECT_EQ(counters_.accept_errors.value(), 0U);
}

TEST_F(AcceptorTest, PausingTwiceCancelsOnce) {
  acceptor_.Arm();
  acceptor_.Pause();
  acceptor_.Pause();
  EXPECT_EQ(acceptor_.in_flight(), 4U);
  TakeAll();
}

TEST_F(AcceptorTest, APauseRightAfterAConnectionStillGivesIt) {
  acceptor_.Arm();
  EXPECT_TRUE(IsQuiet());
  const loopback::Socket client = loopback::Dial(first_);
  acceptor_.Pause();
  TakeAll();
  acceptor_.Arm();
  while (connections_.empty() && !stuck_) Take();
  EXPECT_EQ(connections_.size(), 1U);
}

TEST_F(AcceptorTest, ArmedAgainBeforeThePauseIsCompleteItAcceptsOnceTheOldAcceptHasEnded) {
  acceptor_.Arm();
  EXPECT_TRUE(IsQuiet());
  acceptor_.Pause();
  acceptor_.Arm();
  EXPECT_FALSE(acceptor_.paused());
  TakeAll();
  // The worker arms after every completion while it is not paused.
  acceptor_.Arm();
  EXPECT_EQ(acceptor_.in_flight(), 2U);
  const loopback::Socket client = loopback::Dial(first_);
  EXPECT_EQ(Take().outcome, AcceptOutcome::kConnected);
}

TEST_F(AcceptorTest, StoppedItNeverAcceptsAgain) {
  acceptor_.Arm();
  acceptor_.Stop();
  TakeAll();
  acceptor_.Arm();
  EXPECT_EQ(acceptor_.in_flight(), 0U);
  const loopback::Socket client = loopback::Dial(first_);
  EXPECT_TRUE(IsQuiet());
  EXPECT_EQ(counters_.accepted.value(), 0U);
}

TEST_F(AcceptorTest, ThatTheClientIsGoneAlreadyIsNoTrouble) {
  loopback::Dial(first_).Reset();
  acceptor_.Arm();
  const Accepted accepted = Take();
  EXPECT_TRUE(accepted.outcome == AcceptOutcome::kConnected ||
              accepted.outcome == AcceptOutcome::kNothing);
  const loopback::Socket client = loopback::Dial(first_);
  acceptor_.Arm();
  EXPECT_EQ(Take().outcome, AcceptOutcome::kConnected);
}

TEST_F(AcceptorTest, WithoutADescriptorItIsExhaustedAndNobodyIsLost) {
  const loopback::Socket client = loopback::Dial(first_);
  {
    const rooms::NoDescriptorLeft limit;
    acceptor_.Arm();
    // The kernel takes the descriptor first: the listener to which nobody has come ends as well.
    EXPECT_EQ(Take().outcome, AcceptOutcome::kExhausted);
    EXPECT_EQ(Take().outcome, AcceptOutcome::kExhausted);
  }
  EXPECT_EQ(counters_.accept_errors.value(), 2U);
  EXPECT_EQ(counters_.completions_unexpected.value(), 0U);
  EXPECT_EQ(acceptor_.in_flight(), 0U);
  acceptor_.Arm();
  EXPECT_EQ(Take().outcome, AcceptOutcome::kConnected);
}

TEST_F(AcceptorTest, ABrokenSocketIsNotArmedAgain) {
  const std::array<ListeningSocket, 1> none = {{{.fd = 1 << 20, .listener_index = 1}}};
  Acceptor broken(ring_, counters_, none);
  broken.Arm();
  const rooms::Arrived arrived = Next();
  EXPECT_EQ(broken.OnCompletion(arrived.Cqe(), arrived.id().slot).outcome, AcceptOutcome::kBroken);
  EXPECT_EQ(counters_.completions_unexpected.value(), 1U);
  broken.Arm();
  EXPECT_EQ(broken.in_flight(), 0U);
}

}  // namespace
}  // namespace ringway::accept
