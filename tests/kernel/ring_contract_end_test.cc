// SPDX-License-Identifier: Apache-2.0
//
// The contract of the wait for the end of a stream that is not read: a multishot poll for POLLRDHUP
// alone, which is armed once and stays.
#include <poll.h>

#include "tests/kernel/ring_contract_passage.h"

namespace ringway::contract {
namespace {

constexpr unsigned kEnd = POLLRDHUP;
constexpr int kReset = POLLERR | POLLHUP | POLLRDHUP;

TEST_P(RingContractPassage, AWaitForTheEndHearsNothingOfBytes) {
  Connection connection = Connect();
  WriteRemote(*connection.remote, Bytes("before"));
  QuietTurns();
  ArmMultishot(connection.fd, kEnd, 1);
  QuietTurns();
  for (size_t i = 0; i < 20; ++i) {
    WriteRemote(*connection.remote, loopback::Pattern(i, 100));
    Turn();
  }
  ReceiveBuffers& buffers = AddBuffers(8, 256);
  buffers.OfferAll();
  EXPECT_EQ(ReceiveAll(connection.fd, buffers, 6 + 20 * 100, 2).size(), 2006U);
  const size_t sent = Fill(connection.fd);
  EXPECT_EQ(ReadRemote(*connection.remote, sent).size(), sent);
  QuietTurns();
  EXPECT_TRUE(Of(1).empty());
}

TEST_P(RingContractPassage, AWaitForTheEndTellsOfAFinOnce) {
  Connection connection = Connect();
  ArmMultishot(connection.fd, kEnd, 1);
  QuietTurns();
  EXPECT_TRUE(Of(1).empty());
  connection.remote->ShutdownWrite();
  ASSERT_TRUE(AwaitCount(1, 1));
  EXPECT_EQ(Of(1)[0].res, POLLRDHUP);
  EXPECT_TRUE(Of(1)[0].more());
  const size_t sent = Fill(connection.fd);
  EXPECT_EQ(ReadRemote(*connection.remote, sent).size(), sent);
  QuietTurns();
  EXPECT_EQ(Of(1).size(), 1U);
}

TEST_P(RingContractPassage, AWaitForTheEndTellsOfAFinThatIsThereWhenItIsArmed) {
  Connection connection = Connect();
  WriteRemote(*connection.remote, Bytes("unread"));
  connection.remote->ShutdownWrite();
  QuietTurns();
  ArmMultishot(connection.fd, kEnd, 1);
  ASSERT_TRUE(AwaitCount(1, 1));
  EXPECT_EQ(Of(1)[0].res, POLLRDHUP);
  QuietTurns();
  EXPECT_EQ(Of(1).size(), 1U);
  EXPECT_EQ(kernel().UnreadBytes(connection.fd), 6);
}

TEST_P(RingContractPassage, AWaitForTheEndTellsOfAFinBehindUnreadBytes) {
  Connection connection = Connect();
  ArmMultishot(connection.fd, kEnd, 1);
  WriteRemote(*connection.remote, Bytes("unread"));
  QuietTurns();
  EXPECT_TRUE(Of(1).empty());
  connection.remote->ShutdownWrite();
  ASSERT_TRUE(AwaitCount(1, 1));
  EXPECT_EQ(Of(1)[0].res, POLLRDHUP);
}

TEST_P(RingContractPassage, AFinBehindBytesThatDoNotFitIsHeardOfWhenTheyDo) {
  Connection connection = Connect();
  ArmMultishot(connection.fd, kEnd, 1);
  size_t written = 0;
  for (int vain = 0; vain < 6; ++vain) {
    while (const size_t taken = connection.remote->Write(loopback::Pattern(written, 8192))) {
      written += taken;
      vain = -1;
    }
    QuietTurns();
  }
  connection.remote->ShutdownWrite();
  QuietTurns();
  EXPECT_TRUE(Of(1).empty());
  const int unread = kernel().UnreadBytes(connection.fd);
  EXPECT_GT(unread, 0);
  EXPECT_LE(static_cast<size_t>(unread), written);
  ReceiveBuffers& buffers = AddBuffers(16, 16384);
  buffers.OfferAll();
  const std::vector<uint8_t> got = ReceiveAll(connection.fd, buffers, written, 2);
  EXPECT_EQ(loopback::FirstDifference(got), got.size());
  ASSERT_TRUE(AwaitCount(1, 1));
  EXPECT_EQ(Of(1)[0].res, POLLRDHUP);
}

TEST_P(RingContractPassage, AWaitForTheEndTellsOfAResetAlways) {
  for (const bool is_full : {false, true}) {
    Connection connection = Connect();
    const uint64_t user_data = is_full ? 2 : 1;
    ArmMultishot(connection.fd, kEnd, user_data);
    if (is_full) {
      while (connection.remote->Write(loopback::Pattern(0, 8192)) > 0) Turn();
    } else {
      WriteRemote(*connection.remote, Bytes("unread"));
    }
    QuietTurns();
    EXPECT_TRUE(Of(user_data).empty());
    connection.remote->Reset();
    ASSERT_TRUE(AwaitCount(user_data, 1));
    EXPECT_EQ(Of(user_data)[0].res, kReset);
    EXPECT_TRUE(Of(user_data)[0].more());
    QuietTurns();
    EXPECT_EQ(Of(user_data).size(), 1U);
  }
}

TEST_P(RingContractPassage, AWaitForTheEndTellsOfAResetThatIsThereWhenItIsArmed) {
  Connection connection = Connect();
  connection.remote->Reset();
  QuietTurns();
  ArmMultishot(connection.fd, kEnd, 1);
  ASSERT_TRUE(AwaitCount(1, 1));
  EXPECT_EQ(Of(1)[0].res, kReset);
}

TEST_P(RingContractPassage, AWaitForTheEndTellsOfAFinAndThenOfAReset) {
  Connection connection = Connect();
  ArmMultishot(connection.fd, kEnd, 1);
  QuietTurns();
  connection.remote->ShutdownWrite();
  ASSERT_TRUE(AwaitCount(1, 1));
  EXPECT_EQ(Of(1)[0].res, POLLRDHUP);
  connection.remote->Reset();
  ASSERT_TRUE(AwaitCount(1, 2));
  EXPECT_EQ(Of(1)[1].res, kReset);
  QuietTurns();
  EXPECT_EQ(Of(1).size(), 2U);
}

// What Linux calls the reset of a stream that has ended: EPIPE for who sends, the end for who
// reads.
TEST_P(RingContractPassage, AResetBehindAFinIsAnEndForWhoReads) {
  Connection connection = Connect();
  connection.remote->ShutdownWrite();
  QuietTurns();
  connection.remote->Reset();
  QuietTurns();
  ReceiveBuffers& buffers = AddBuffers(2, 64);
  buffers.OfferAll();
  ArmReceive(connection.fd, buffers, 1);
  EXPECT_EQ(AwaitEnd(1).res, 0);
  const std::vector<uint8_t> bytes = Bytes("to nobody");
  EXPECT_EQ(SendAtOnce(connection.fd, bytes, 2), -EPIPE);
}

// With both streams ended a FIN looks as a reset does whose error somebody else was told.
TEST_P(RingContractPassage, OurOwnEndBehindAFinIsToldOfAsAHangUp) {
  Connection connection = Connect();
  ArmMultishot(connection.fd, kEnd, 1);
  connection.remote->ShutdownWrite();
  ASSERT_TRUE(AwaitCount(1, 1));
  EXPECT_EQ(kernel().Shutdown(connection.fd, SHUT_WR), 0);
  ASSERT_TRUE(AwaitCount(1, 2));
  EXPECT_EQ(Of(1)[1].res, POLLRDHUP | POLLHUP);
  QuietTurns();
  EXPECT_EQ(Of(1).size(), 2U);
}

TEST_P(RingContractPassage, OurOwnEndAloneIsNotToldOf) {
  Connection connection = Connect();
  ArmMultishot(connection.fd, kEnd, 1);
  EXPECT_EQ(kernel().Shutdown(connection.fd, SHUT_WR), 0);
  QuietTurns();
  EXPECT_TRUE(Of(1).empty());
  connection.remote->ShutdownWrite();
  ASSERT_TRUE(AwaitCount(1, 1));
  EXPECT_EQ(Of(1)[0].res, POLLRDHUP | POLLHUP);
}

TEST_P(RingContractPassage, ThreeWaitsStandBesideEachOther) {
  Connection connection = Connect();
  const size_t sent = Fill(connection.fd);
  ArmMultishot(connection.fd, kEnd, 1);
  ArmMultishot(connection.fd, POLLOUT, 2);
  ArmPoll(connection.fd, POLLIN | POLLRDHUP, 3);
  QuietTurns();
  for (const uint64_t user_data : {1, 2, 3}) EXPECT_TRUE(Of(user_data).empty()) << user_data;
  WriteRemote(*connection.remote, Bytes("x"));
  EXPECT_EQ(AwaitEnd(3).res, POLLIN);
  EXPECT_EQ(ReadRemote(*connection.remote, sent).size(), sent);
  ASSERT_TRUE(AwaitCount(2, 1));
  EXPECT_TRUE(Of(1).empty());
  CancelByDescriptor(connection.fd, 4);
  EXPECT_EQ(AwaitEnd(1).res, -ECANCELED);
  EXPECT_EQ(AwaitEnd(2).res, -ECANCELED);
  EXPECT_EQ(AwaitEnd(4).res, 2);
}

}  // namespace
}  // namespace ringway::contract
