// SPDX-License-Identifier: Apache-2.0
//
// The contract of sending, of ending a connection's stream, and of closing.
#include "tests/kernel/ring_contract.h"

namespace ringway::contract {
namespace {

TEST_P(RingContract, ASendReportsWhatWasTakenAndNeverMore) {
  Connection connection = Connect();
  const std::vector<uint8_t> bytes = loopback::Pattern(0, 4 * 1024 * 1024);
  PrepareSend(connection.fd, bytes, 1);
  const Completion completion = AwaitEnd(1);
  ASSERT_GT(completion.res, 0);
  // Nobody reads: both socket buffers together hold less than what was offered.
  ASSERT_LT(static_cast<size_t>(completion.res), bytes.size());
  const auto taken = static_cast<size_t>(completion.res);
  const std::vector<uint8_t> got = ReadRemote(*connection.remote, taken);
  EXPECT_EQ(got.size(), taken);
  EXPECT_EQ(loopback::FirstDifference(got), got.size());
  QuietTurns();
  std::array<uint8_t, 16> rest;
  EXPECT_EQ(connection.remote->Read(rest), 0U);
  EXPECT_EQ(connection.remote->end(), StreamEnd::kOpen);
}

TEST_P(RingContract, ASendToAStalledReaderStaysInFlightUntilItReads) {
  Connection connection = Connect();
  size_t sent = 0;
  const uint64_t stalled = SendUntilStalled(connection.fd, 1, &sent);
  QuietTurns();
  EXPECT_FALSE(Ended(stalled));
  std::vector<uint8_t> got = ReadRemote(*connection.remote, sent);
  const int taken = AwaitEnd(stalled).res;
  ASSERT_GT(taken, 0);
  const std::vector<uint8_t> rest = ReadRemote(*connection.remote, static_cast<size_t>(taken));
  got.insert(got.end(), rest.begin(), rest.end());
  EXPECT_EQ(got.size(), sent + static_cast<size_t>(taken));
  EXPECT_EQ(loopback::FirstDifference(got), got.size());
}

TEST_P(RingContract, ASendAfterTheOtherSideResetFails) {
  Connection connection = Connect();
  connection.remote->Reset();
  QuietTurns();
  const std::vector<uint8_t> bytes = Bytes("to nobody");
  for (const uint64_t user_data : {1, 2}) {
    PrepareSend(connection.fd, bytes, user_data);
    const int result = AwaitEnd(user_data).res;
    EXPECT_TRUE(result == -EPIPE || result == -ECONNRESET) << result;
  }
}

TEST_P(RingContract, AStalledSendFailsWhenTheOtherSideResets) {
  Connection connection = Connect();
  size_t sent = 0;
  const uint64_t stalled = SendUntilStalled(connection.fd, 1, &sent);
  connection.remote->Reset();
  const int result = AwaitEnd(stalled).res;
  EXPECT_TRUE(result == -EPIPE || result == -ECONNRESET) << result;
}

TEST_P(RingContract, ASendAfterOurOwnShutdownIsEpipe) {
  Connection connection = Connect();
  EXPECT_EQ(kernel().Shutdown(connection.fd, SHUT_WR), 0);
  const std::vector<uint8_t> bytes = Bytes("too late");
  PrepareSend(connection.fd, bytes, 1);
  EXPECT_EQ(AwaitEnd(1).res, -EPIPE);
}

TEST_P(RingContract, SendmsgGathersSlicesInOrder) {
  Connection connection = Connect();
  constexpr size_t kSlices = 64;
  constexpr size_t kSliceBytes = 37;
  std::vector<uint8_t> bytes = loopback::Pattern(0, kSlices * kSliceBytes);
  std::vector<uint8_t> shuffled(bytes.size());
  std::array<iovec, kSlices> pieces;
  for (size_t i = 0; i < kSlices; ++i) {
    // Slice i lies elsewhere in memory than its neighbours in the stream.
    const size_t at = (i * 29 % kSlices) * kSliceBytes;
    std::copy_n(&bytes[i * kSliceBytes], kSliceBytes, &shuffled[at]);
    pieces[i] = {.iov_base = &shuffled[at], .iov_len = kSliceBytes};
  }
  msghdr header{.msg_iov = pieces.data(), .msg_iovlen = kSlices};
  io_uring_sqe* sqe = ring().NextEntry();
  io_uring_prep_sendmsg(sqe, connection.fd, &header, MSG_NOSIGNAL);
  Submit(sqe, 1);
  EXPECT_EQ(AwaitEnd(1).res, static_cast<int>(bytes.size()));
  EXPECT_EQ(ReadRemote(*connection.remote, bytes.size()), bytes);
}

TEST_P(RingContract, AShortSendmsgTookAPrefixOfItsSlices) {
  Connection connection = Connect();
  std::vector<uint8_t> bytes = loopback::Pattern(0, 4 * 1024 * 1024);
  const size_t half = bytes.size() / 2 + 1;
  std::array<iovec, 2> pieces = {
      {{.iov_base = bytes.data(), .iov_len = half},
       {.iov_base = bytes.data() + half, .iov_len = bytes.size() - half}}};
  msghdr header{.msg_iov = pieces.data(), .msg_iovlen = 2};
  io_uring_sqe* sqe = ring().NextEntry();
  io_uring_prep_sendmsg(sqe, connection.fd, &header, MSG_NOSIGNAL);
  Submit(sqe, 1);
  const int taken = AwaitEnd(1).res;
  ASSERT_GT(taken, 0);
  ASSERT_LT(static_cast<size_t>(taken), bytes.size());
  const std::vector<uint8_t> got = ReadRemote(*connection.remote, static_cast<size_t>(taken));
  EXPECT_EQ(got.size(), static_cast<size_t>(taken));
  EXPECT_EQ(loopback::FirstDifference(got), got.size());
}

TEST_P(RingContract, BothDirectionsOfAConnectionWorkAtOnce) {
  Connection connection = Connect();
  ReceiveBuffers& buffers = AddBuffers(8, 64);
  buffers.OfferAll();
  const std::vector<uint8_t> out = loopback::Pattern(0, 4000);
  WriteRemote(*connection.remote, loopback::Pattern(7, 3000));
  PrepareSend(connection.fd, out, 2);
  EXPECT_EQ(ReceiveAll(connection.fd, buffers, 3000, 1), loopback::Pattern(7, 3000));
  EXPECT_EQ(AwaitEnd(2).res, 4000);
  EXPECT_EQ(ReadRemote(*connection.remote, 4000), out);
}

TEST_P(RingContract, ShutdownSendsFinBehindTheBytesThatAreQueued) {
  Connection connection = Connect();
  const std::vector<uint8_t> bytes = loopback::Pattern(0, 16 * 1024);
  PrepareSend(connection.fd, bytes, 1);
  ASSERT_EQ(AwaitEnd(1).res, static_cast<int>(bytes.size()));
  EXPECT_EQ(kernel().Shutdown(connection.fd, SHUT_WR), 0);
  EXPECT_EQ(ReadRemote(*connection.remote, bytes.size()), bytes);
  EXPECT_EQ(AwaitRemoteEnd(*connection.remote), StreamEnd::kFin);
}

TEST_P(RingContract, CloseAfterTheLastCompletionSendsFinBehindTheBytes) {
  Connection connection = Connect();
  const std::vector<uint8_t> bytes = loopback::Pattern(0, 16 * 1024);
  PrepareSend(connection.fd, bytes, 1);
  ASSERT_EQ(AwaitEnd(1).res, static_cast<int>(bytes.size()));
  EXPECT_EQ(CloseKept(connection.fd), 0);
  EXPECT_EQ(ReadRemote(*connection.remote, bytes.size()), bytes);
  EXPECT_EQ(AwaitRemoteEnd(*connection.remote), StreamEnd::kFin);
}

TEST_P(RingContract, AClosedDescriptorIsGone) {
  Connection connection = Connect();
  EXPECT_EQ(CloseKept(connection.fd), 0);
  EXPECT_EQ(kernel().Shutdown(connection.fd, SHUT_WR), -EBADF);
  const std::vector<uint8_t> bytes = Bytes("nowhere");
  PrepareSend(connection.fd, bytes, 1);
  EXPECT_EQ(AwaitEnd(1).res, -EBADF);
}

}  // namespace
}  // namespace ringway::contract
