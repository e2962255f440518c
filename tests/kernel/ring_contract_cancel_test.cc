// SPDX-License-Identifier: Apache-2.0
//
// The contract of cancelling: two completions in any order, and no byte lost without a word.
#include <algorithm>

#include "tests/kernel/ring_contract.h"

namespace ringway::contract {
namespace {

TEST_P(RingContract, ACancelByUserDataCompletesAndSoDoesItsTarget) {
  Connection connection = Connect();
  ReceiveBuffers& buffers = AddBuffers(4, 64);
  buffers.OfferAll();
  ArmReceive(connection.fd, buffers, 1);
  QuietTurns();
  CancelByUserData(1, 2);
  ASSERT_TRUE(TurnUntil([&] { return Ended(1) && Ended(2); }));
  EXPECT_EQ(Of(1).back().res, -ECANCELED);
  EXPECT_FALSE(Of(1).back().has_buffer());
  EXPECT_EQ(Of(2).back().res, 0);
  EXPECT_EQ(Of(1).size(), 1U);
  EXPECT_EQ(Of(2).size(), 1U);
}

TEST_P(RingContract, ACancelInTheTurnOfItsTargetWorksToo) {
  Connection connection = Connect();
  ReceiveBuffers& buffers = AddBuffers(4, 64);
  buffers.OfferAll();
  ArmReceive(connection.fd, buffers, 1);
  CancelByUserData(1, 2);
  ASSERT_TRUE(TurnUntil([&] { return Ended(1) && Ended(2); }));
  EXPECT_EQ(Of(1).back().res, -ECANCELED);
}

TEST_P(RingContract, ACancelEndsOnlyItsTarget) {
  Connection first = Connect();
  Connection second = Connect();
  ReceiveBuffers& buffers = AddBuffers(4, 64);
  buffers.OfferAll();
  ArmReceive(first.fd, buffers, 1);
  ArmReceive(second.fd, buffers, 2);
  CancelByUserData(1, 3);
  EXPECT_EQ(AwaitEnd(1).res, -ECANCELED);
  WriteRemote(*second.remote, Bytes("alive"));
  ASSERT_TRUE(AwaitCount(2, 1));
  EXPECT_EQ(buffers.Take(Of(2)[0]), Bytes("alive"));
  EXPECT_TRUE(Of(2)[0].more());
}

TEST_P(RingContract, ACancelOfNothingIsEnoent) {
  CancelByUserData(4711, 1);
  EXPECT_EQ(AwaitEnd(1).res, -ENOENT);
}

TEST_P(RingContract, ACancelledReceiveMayBeArmedAgainAndMissesNothing) {
  Connection connection = Connect();
  ReceiveBuffers& buffers = AddBuffers(4, 64);
  buffers.OfferAll();
  for (uint64_t round = 0; round < 20; ++round) {
    const uint64_t receive = 2 * round;
    ArmReceive(connection.fd, buffers, receive);
    Turn();
    CancelByUserData(receive, receive + 1);
    EXPECT_EQ(AwaitEnd(receive).res, -ECANCELED);
    EXPECT_EQ(AwaitEnd(receive + 1).res, 0);
  }
  WriteRemote(*connection.remote, Bytes("after all"));
  EXPECT_EQ(ReceiveAll(connection.fd, buffers, 9, 1000), Bytes("after all"));
}

TEST_P(RingContract, ACancelByDescriptorEndsReceiveAndSend) {
  Connection connection = Connect();
  ReceiveBuffers& buffers = AddBuffers(4, 64);
  buffers.OfferAll();
  ArmReceive(connection.fd, buffers, 1);
  size_t sent = 0;
  const uint64_t stalled = SendUntilStalled(connection.fd, 100, &sent);
  CancelByDescriptor(connection.fd, 2);
  ASSERT_TRUE(TurnUntil([&] { return Ended(1) && Ended(2) && Ended(stalled); }));
  EXPECT_EQ(Of(1).back().res, -ECANCELED);
  EXPECT_EQ(Of(stalled).back().res, -ECANCELED);
  EXPECT_GE(Of(2).back().res, 0);
  // What the cancelled send would have sent has not left.
  EXPECT_EQ(ReadRemote(*connection.remote, sent).size(), sent);
  QuietTurns();
  std::array<uint8_t, 16> rest;
  EXPECT_EQ(connection.remote->Read(rest), 0U);
}

TEST_P(RingContract, ACancelByDescriptorLeavesOtherDescriptorsAlone) {
  Connection cancelled = Connect();
  Connection spared = Connect();
  ReceiveBuffers& buffers = AddBuffers(4, 64);
  buffers.OfferAll();
  ArmReceive(cancelled.fd, buffers, 1);
  ArmReceive(spared.fd, buffers, 2);
  CancelByDescriptor(cancelled.fd, 3);
  EXPECT_EQ(AwaitEnd(1).res, -ECANCELED);
  AwaitEnd(3);
  EXPECT_TRUE(Of(2).empty());
  WriteRemote(*spared.remote, Bytes("spared"));
  ASSERT_TRUE(AwaitCount(2, 1));
  EXPECT_EQ(buffers.Take(Of(2)[0]), Bytes("spared"));
}

TEST_P(RingContract, ACancelByDescriptorEndsAConnectOrFindsItDone) {
  const sockaddr_storage server = world().ServerAddress();
  const int fd = Keep(kernel().OpenSocket(AF_INET));
  io_uring_sqe* sqe = ring().NextEntry();
  io_uring_prep_connect(sqe, fd, reinterpret_cast<const sockaddr*>(&server), 16);
  Submit(sqe, 1);
  CancelByDescriptor(fd, 2);
  const int result = AwaitEnd(1).res;
  EXPECT_TRUE(result == 0 || result == -ECANCELED) << result;
  const int cancelled = AwaitEnd(2).res;
  EXPECT_TRUE(cancelled >= 0 || cancelled == -ENOENT) << cancelled;
}

TEST_P(RingContract, ACancelThatRacesDataLosesNothing) {
  Connection connection = Connect();
  ReceiveBuffers& buffers = AddBuffers(16, 64);
  buffers.OfferAll();
  std::vector<uint8_t> all;
  constexpr uint64_t kRounds = 50;
  constexpr size_t kRoundBytes = 100;
  for (uint64_t round = 0; round < kRounds; ++round) {
    const uint64_t receive = 2 * round;
    ArmReceive(connection.fd, buffers, receive);
    if (round % 2 == 0) ring().Flush();
    WriteRemote(*connection.remote, loopback::Pattern(round * kRoundBytes, kRoundBytes));
    CancelByUserData(receive, receive + 1);
    ASSERT_TRUE(TurnUntil([&] { return Ended(receive) && Ended(receive + 1); }));
    for (const Completion& completion : Of(receive)) {
      ASSERT_TRUE(completion.res > 0 || completion.res == -ECANCELED) << completion.res;
      const std::vector<uint8_t> piece = buffers.Take(completion);
      all.insert(all.end(), piece.begin(), piece.end());
    }
  }
  const size_t left = kRounds * kRoundBytes - all.size();
  const std::vector<uint8_t> rest = ReceiveAll(connection.fd, buffers, left, 1000);
  all.insert(all.end(), rest.begin(), rest.end());
  EXPECT_EQ(all, loopback::Pattern(0, kRounds * kRoundBytes));
}

TEST_P(RingContract, ACancelledSendSaysHowMuchHadLeft) {
  Connection connection = Connect();
  size_t sent = 0;
  const uint64_t stalled = SendUntilStalled(connection.fd, 100, &sent);
  std::vector<uint8_t> got = ReadRemote(*connection.remote, sent / 2);
  CancelByUserData(stalled, 1);
  ASSERT_TRUE(TurnUntil([&] { return Ended(stalled) && Ended(1); }));
  const int result = Of(stalled).back().res;
  ASSERT_TRUE(result > 0 || result == -ECANCELED) << result;
  sent += static_cast<size_t>(std::max(0, result));
  const std::vector<uint8_t> rest = ReadRemote(*connection.remote, sent - got.size());
  got.insert(got.end(), rest.begin(), rest.end());
  EXPECT_EQ(got.size(), sent);
  EXPECT_EQ(loopback::FirstDifference(got), got.size());
  QuietTurns();
  std::array<uint8_t, 16> more;
  EXPECT_EQ(connection.remote->Read(more), 0U);
}

}  // namespace
}  // namespace ringway::contract
