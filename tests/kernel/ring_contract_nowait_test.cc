// SPDX-License-Identifier: Apache-2.0
//
// The contract of sends that do not wait (MSG_DONTWAIT), and of the wait for room that may stay
// armed for as long as the connection lives.
#include <poll.h>

#include "tests/kernel/ring_contract_passage.h"

namespace ringway::contract {
namespace {

/// More than both socket buffers of a connection together.
constexpr size_t kTooMuch = 4 * 1024 * 1024;

TEST_P(RingContractPassage, AFullSocketSaysAgainAtOnce) {
  Connection connection = Connect();
  const size_t sent = Fill(connection.fd);
  const std::vector<uint8_t> bytes = Bytes("no room");
  EXPECT_EQ(SendAtOnce(connection.fd, bytes, 1), -EAGAIN);
  EXPECT_EQ(GatherAtOnce(connection.fd, bytes, 2), -EAGAIN);
  EXPECT_EQ(ReadRemote(*connection.remote, sent).size(), sent);
  QuietTurns();
  std::array<uint8_t, 16> rest;
  EXPECT_EQ(connection.remote->Read(rest), 0U) << "a refused send left bytes";
}

TEST_P(RingContractPassage, WhatFitsIsTakenAndItIsAPrefix) {
  for (const bool gathers : {false, true}) {
    Connection connection = Connect();
    const std::vector<uint8_t> bytes = loopback::Pattern(0, kTooMuch);
    const uint64_t user_data = gathers ? 2 : 1;
    const int taken = gathers ? GatherAtOnce(connection.fd, bytes, user_data)
                              : SendAtOnce(connection.fd, bytes, user_data);
    ASSERT_GT(taken, 0);
    ASSERT_LT(static_cast<size_t>(taken), bytes.size());
    const auto got = ReadRemote(*connection.remote, static_cast<size_t>(taken));
    EXPECT_EQ(got.size(), static_cast<size_t>(taken));
    EXPECT_EQ(loopback::FirstDifference(got), got.size());
  }
}

TEST_P(RingContractPassage, WhereThereIsRoomAllIsTaken) {
  Connection connection = Connect();
  const std::vector<uint8_t> bytes = loopback::Pattern(0, 4000);
  EXPECT_EQ(SendAtOnce(connection.fd, bytes, 1), 4000);
  EXPECT_EQ(GatherAtOnce(connection.fd, bytes, 2), 4000);
  const std::vector<uint8_t> got = ReadRemote(*connection.remote, 8000);
  EXPECT_EQ(std::vector<uint8_t>(got.begin() + 4000, got.end()), bytes);
}

TEST_P(RingContractPassage, AFullSocketWhoseStreamHasEndedSaysAgainTooAtOnce) {
  Connection connection = Connect();
  connection.remote->ShutdownWrite();
  const size_t sent = Fill(connection.fd);
  const std::vector<uint8_t> bytes = Bytes("no room");
  EXPECT_EQ(SendAtOnce(connection.fd, bytes, 1), -EAGAIN);
  EXPECT_EQ(GatherAtOnce(connection.fd, bytes, 2), -EAGAIN);
  EXPECT_EQ(ReadRemote(*connection.remote, sent).size(), sent);
}

TEST_P(RingContractPassage, ErrorsAreThoseOfASendThatWaits) {
  const std::vector<uint8_t> bytes = Bytes("to nobody");
  Connection gone = Connect();
  Fill(gone.fd);
  gone.remote->Reset();
  QuietTurns();
  EXPECT_EQ(SendAtOnce(gone.fd, bytes, 1), -ECONNRESET);
  EXPECT_EQ(GatherAtOnce(gone.fd, bytes, 2), -EPIPE);
  Connection shut = Connect();
  Fill(shut.fd);
  EXPECT_EQ(kernel().Shutdown(shut.fd, SHUT_WR), 0);
  EXPECT_EQ(SendAtOnce(shut.fd, bytes, 3), -EPIPE);
}

// What a link does: it sends at once, and behind a short send waits by one poll for its whole life.
TEST_P(RingContractPassage, OnePollTellsOfRoomBehindEachShortSend) {
  Connection connection = Connect();
  const std::vector<uint8_t> bytes = loopback::Pattern(0, kTooMuch);
  std::span<const uint8_t> left = bytes;
  uint64_t user_data = 100;
  const auto send_some = [&] {
    const int taken = SendAtOnce(connection.fd, left, ++user_data);
    EXPECT_TRUE(taken > 0 || taken == -EAGAIN) << taken;
    left = left.subspan(static_cast<size_t>(std::max(taken, 0)));
  };
  send_some();
  ASSERT_FALSE(left.empty());
  ArmMultishot(connection.fd, POLLOUT, 1);
  std::vector<uint8_t> got(bytes.size());
  size_t read = 0;
  size_t told = 0;
  EXPECT_TRUE(TurnUntil([&] {
    read += connection.remote->Read({got.data() + read, got.size() - read});
    for (; told < Of(1).size(); ++told) {
      EXPECT_EQ(Of(1)[told].res, POLLOUT);
      EXPECT_TRUE(Of(1)[told].more());
      if (!left.empty()) send_some();
    }
    return read == got.size() || HasFailure();
  })) << read
      << " bytes are read, " << left.size() << " not sent, room was told of " << told << " times";
  EXPECT_EQ(loopback::FirstDifference(got), got.size());
  QuietTurns();
  const size_t all = Of(1).size();
  QuietTurns();
  EXPECT_EQ(Of(1).size(), all) << "room that nobody lacked is told of";
}

TEST_P(RingContractPassage, APollForRoomThatStaysArmedTellsOfTheEndWithoutRoom) {
  Connection connection = Connect();
  const size_t sent = Fill(connection.fd);
  ArmMultishot(connection.fd, POLLOUT, 1);
  QuietTurns();
  EXPECT_TRUE(Of(1).empty());
  connection.remote->ShutdownWrite();
  ASSERT_TRUE(AwaitCount(1, 1));
  QuietTurns();
  ASSERT_EQ(Of(1).size(), 1U);
  EXPECT_TRUE(Of(1)[0].more());
  // News of the end carries the other end's window too, so there may be room by now.
  EXPECT_EQ(Of(1)[0].res & ~POLLOUT, POLLRDHUP);
  EXPECT_EQ(ReadRemote(*connection.remote, sent).size(), sent);
}

}  // namespace
}  // namespace ringway::contract
