// SPDX-License-Identifier: Apache-2.0
//
// The contract of waiting until a socket is readable or writable.
#include <poll.h>

#include "tests/kernel/ring_contract_passage.h"

namespace ringway::contract {
namespace {

constexpr unsigned kIn = POLLIN | POLLRDHUP;
constexpr unsigned kOut = POLLOUT;

TEST_P(RingContractPassage, AWaitForBytesEndsWhenTheyCome) {
  Connection connection = Connect();
  ArmPoll(connection.fd, kIn, 1);
  QuietTurns();
  EXPECT_TRUE(Of(1).empty());
  WriteRemote(*connection.remote, Bytes("here"));
  const Completion completion = AwaitEnd(1);
  EXPECT_EQ(completion.res, POLLIN);
  EXPECT_FALSE(completion.more());
}

TEST_P(RingContractPassage, AWaitEndsOnceAndTakesNoByte) {
  Connection connection = Connect();
  ArmPoll(connection.fd, kIn, 1);
  WriteRemote(*connection.remote, Bytes("one"));
  AwaitEnd(1);
  WriteRemote(*connection.remote, Bytes("two"));
  QuietTurns();
  EXPECT_EQ(Of(1).size(), 1U);
  ReceiveBuffers& buffers = AddBuffers(4, 64);
  buffers.OfferAll();
  EXPECT_EQ(ReceiveAll(connection.fd, buffers, 6, 2), Bytes("onetwo"));
}

TEST_P(RingContractPassage, WhatIsThereAlreadyEndsAWaitAtOnce) {
  Connection connection = Connect();
  ArmPoll(connection.fd, kOut, 1);
  EXPECT_EQ(AwaitEnd(1).res, POLLOUT);
  WriteRemote(*connection.remote, Bytes("x"));
  QuietTurns();
  ArmPoll(connection.fd, kIn, 2);
  EXPECT_EQ(AwaitEnd(2).res, POLLIN);
}

TEST_P(RingContractPassage, AWaitForRoomEndsWhenTheReaderReads) {
  Connection connection = Connect();
  const size_t sent = Fill(connection.fd);
  ArmPoll(connection.fd, kOut, 1);
  QuietTurns();
  EXPECT_TRUE(Of(1).empty());
  EXPECT_EQ(ReadRemote(*connection.remote, sent).size(), sent);
  EXPECT_EQ(AwaitEnd(1).res, POLLOUT);
}

TEST_P(RingContractPassage, BothDirectionsAreWaitedForAtOnce) {
  Connection connection = Connect();
  WriteRemote(*connection.remote, Bytes("x"));
  const size_t sent = Fill(connection.fd);
  ArmPoll(connection.fd, kOut, 1);
  ArmPoll(connection.fd, kIn, 2);
  EXPECT_EQ(AwaitEnd(2).res, POLLIN);
  QuietTurns();
  EXPECT_TRUE(Of(1).empty());
  EXPECT_EQ(ReadRemote(*connection.remote, sent).size(), sent);
  EXPECT_EQ(AwaitEnd(1).res, POLLOUT);
}

TEST_P(RingContractPassage, TheEndOfTheStreamEndsAWaitForBytes) {
  Connection connection = Connect();
  ArmPoll(connection.fd, kIn, 1);
  QuietTurns();
  connection.remote->ShutdownWrite();
  EXPECT_EQ(AwaitEnd(1).res, POLLIN | POLLRDHUP);
  ArmPoll(connection.fd, kIn, 2);
  EXPECT_EQ(AwaitEnd(2).res, POLLIN | POLLRDHUP);
  ArmPoll(connection.fd, kOut, 3);
  EXPECT_EQ(AwaitEnd(3).res, POLLOUT | POLLRDHUP);
}

TEST_P(RingContractPassage, TheEndOfTheStreamEndsASingleWaitForRoomWithoutRoom) {
  Connection connection = Connect();
  connection.remote->ShutdownWrite();
  const size_t sent = Fill(connection.fd);
  ArmPoll(connection.fd, kOut, 1);
  EXPECT_EQ(AwaitEnd(1).res, POLLRDHUP);
  ArmPoll(connection.fd, kOut, 2);  // and so it does each time
  EXPECT_EQ(AwaitEnd(2).res, POLLRDHUP);
  const std::vector<uint8_t> one = {0};
  EXPECT_EQ(kernel().SendAhead(connection.fd, one), -EAGAIN);
  EXPECT_EQ(ReadRemote(*connection.remote, sent).size(), sent);
}

TEST_P(RingContractPassage, AMultishotWaitForRoomOutlastsTheEndOfTheStream) {
  Connection connection = Connect();
  connection.remote->ShutdownWrite();
  const size_t sent = Fill(connection.fd);
  ArmMultishot(connection.fd, kOut, 1);
  ASSERT_TRUE(AwaitCount(1, 1));
  EXPECT_EQ(Of(1)[0].res, POLLRDHUP);
  EXPECT_TRUE(Of(1)[0].more());
  QuietTurns();
  EXPECT_EQ(Of(1).size(), 1U);
  EXPECT_EQ(ReadRemote(*connection.remote, sent).size(), sent);
  ASSERT_TRUE(AwaitCount(1, 2));
  EXPECT_NE(Of(1)[1].res & POLLOUT, 0);
  EXPECT_TRUE(Of(1)[1].more());
  CancelByDescriptor(connection.fd, 2);
  EXPECT_EQ(AwaitEnd(1).res, -ECANCELED);
  EXPECT_EQ(AwaitEnd(2).res, 1);
}

TEST_P(RingContractPassage, AResetEndsBothWaits) {
  Connection connection = Connect();
  Fill(connection.fd);
  ArmPoll(connection.fd, kIn, 1);
  ArmPoll(connection.fd, kOut, 2);
  QuietTurns();
  EXPECT_TRUE(Of(1).empty());
  EXPECT_TRUE(Of(2).empty());
  connection.remote->Reset();
  EXPECT_EQ(AwaitEnd(1).res, POLLIN | POLLRDHUP | POLLERR | POLLHUP);
  EXPECT_EQ(AwaitEnd(2).res, POLLOUT | POLLRDHUP | POLLERR | POLLHUP);
}

TEST_P(RingContractPassage, AResetThatWasToldIsNoErrorAnyMore) {
  Connection connection = Connect();
  uring::PipeEnds pipe;
  ASSERT_GT(kernel().OpenPipe(4096, &pipe), 0);
  Keep(pipe.read);
  Keep(pipe.write);
  ArmPoll(connection.fd, kIn, 1);
  QuietTurns();
  connection.remote->Reset();
  AwaitEnd(1);
  EXPECT_EQ(kernel().Splice(connection.fd, pipe.write, 100), -ECONNRESET);
  ArmPoll(connection.fd, kIn, 2);
  EXPECT_EQ(AwaitEnd(2).res, POLLIN | POLLRDHUP | POLLHUP);
}

TEST_P(RingContractPassage, WhenBothStreamsHaveEndedTheConnectionHangsUp) {
  Connection connection = Connect();
  EXPECT_EQ(kernel().Shutdown(connection.fd, SHUT_WR), 0);
  ArmPoll(connection.fd, kIn, 1);
  ArmPoll(connection.fd, kOut, 2);
  EXPECT_EQ(AwaitEnd(2).res, POLLOUT);
  EXPECT_TRUE(Of(1).empty());
  connection.remote->ShutdownWrite();
  EXPECT_EQ(AwaitEnd(1).res, POLLIN | POLLRDHUP | POLLHUP);
}

TEST_P(RingContractPassage, ASocketThatIsNotConnectedHangsUp) {
  const int fd = Keep(kernel().OpenSocket(AF_INET));
  ArmPoll(fd, kIn, 1);
  EXPECT_EQ(AwaitEnd(1).res, POLLHUP);
  ArmPoll(1 << 20, kIn, 2);
  EXPECT_EQ(AwaitEnd(2).res, -EBADF);
}

TEST_P(RingContractPassage, ACancelByDescriptorEndsBothWaits) {
  Connection connection = Connect();
  const size_t sent = Fill(connection.fd);
  ArmPoll(connection.fd, kIn, 1);
  ArmPoll(connection.fd, kOut, 2);
  QuietTurns();
  CancelByDescriptor(connection.fd, 3);
  EXPECT_EQ(AwaitEnd(1).res, -ECANCELED);
  EXPECT_EQ(AwaitEnd(2).res, -ECANCELED);
  EXPECT_EQ(AwaitEnd(3).res, 2);
  CancelByDescriptor(connection.fd, 4);
  EXPECT_EQ(AwaitEnd(4).res, 0);
  EXPECT_EQ(ReadRemote(*connection.remote, sent).size(), sent);
  EXPECT_EQ(Of(1).size(), 1U);
  EXPECT_EQ(Of(2).size(), 1U);
}

TEST_P(RingContractPassage, ACancelThatRacesBytesHasOneOutcomeAndLosesNothing) {
  Connection connection = Connect();
  constexpr uint64_t kRounds = 50;
  for (uint64_t round = 0; round < kRounds; ++round) {
    const uint64_t poll = 2 * round;
    ArmPoll(connection.fd, kIn, poll);
    if (round % 2 == 0) ring().Flush();
    if (round % 3 != 0) WriteRemote(*connection.remote, loopback::Pattern(round, 1));
    CancelByDescriptor(connection.fd, poll + 1);
    ASSERT_TRUE(TurnUntil([&] { return Ended(poll) && Ended(poll + 1); }));
    ASSERT_EQ(Of(poll).size(), 1U);
    const int result = Of(poll)[0].res;
    EXPECT_TRUE(result == POLLIN || result == -ECANCELED) << result;
    EXPECT_GE(Of(poll + 1)[0].res, 0);
  }
  std::vector<uint8_t> expected;
  for (uint64_t round = 0; round < kRounds; ++round) {
    if (round % 3 != 0) expected.push_back(loopback::PatternAt(round));
  }
  ReceiveBuffers& buffers = AddBuffers(4, 64);
  buffers.OfferAll();
  EXPECT_EQ(ReceiveAll(connection.fd, buffers, expected.size(), 1000), expected);
}

TEST_P(RingContractPassage, ACancelledWaitMayBeArmedAgain) {
  Connection connection = Connect();
  for (uint64_t round = 0; round < 20; ++round) {
    ArmPoll(connection.fd, kIn, 2 * round);
    Turn();
    CancelByDescriptor(connection.fd, 2 * round + 1);
    EXPECT_EQ(AwaitEnd(2 * round).res, -ECANCELED);
    EXPECT_EQ(AwaitEnd(2 * round + 1).res, 1);
  }
  ArmPoll(connection.fd, kIn, 1000);
  WriteRemote(*connection.remote, Bytes("x"));
  EXPECT_EQ(AwaitEnd(1000).res, POLLIN);
}

}  // namespace
}  // namespace ringway::contract
