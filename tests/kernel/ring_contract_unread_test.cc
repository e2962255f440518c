// SPDX-License-Identifier: Apache-2.0
//
// The contract of two direct calls: how many received bytes wait in a socket, and what a pipe
// holds, read.
#include "tests/kernel/ring_contract_passage.h"

namespace ringway::contract {
namespace {

/// Until as many bytes wait as were written.
#define EXPECT_UNREAD(connection, count) \
  EXPECT_TRUE(TurnUntil([&] { return kernel().UnreadBytes((connection).fd) == (count); }))

TEST_P(RingContractPassage, UnreadBytesAreCountedUntilTheyAreRead) {
  Connection connection = Connect();
  EXPECT_EQ(kernel().UnreadBytes(connection.fd), 0);
  WriteRemote(*connection.remote, Bytes("four"));
  EXPECT_UNREAD(connection, 4);
  WriteRemote(*connection.remote, Bytes("and seven"));
  EXPECT_UNREAD(connection, 13);
  ReceiveBuffers& buffers = AddBuffers(4, 10);
  buffers.OfferAll();
  io_uring_sqe* sqe = ring().NextEntry();
  io_uring_prep_recv(sqe, connection.fd, nullptr, 10, 0);
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->buf_group = buffers.group();
  Submit(sqe, 1);
  EXPECT_EQ(AwaitEnd(1).res, 10);
  EXPECT_EQ(kernel().UnreadBytes(connection.fd), 3);
}

TEST_P(RingContractPassage, AFinIsNoUnreadByte) {
  Connection connection = Connect();
  connection.remote->ShutdownWrite();
  QuietTurns();
  EXPECT_EQ(kernel().UnreadBytes(connection.fd), 0);
}

TEST_P(RingContractPassage, AFinBehindUnreadBytesIsNoneOfThem) {
  Connection connection = Connect();
  WriteRemote(*connection.remote, Bytes("four"));
  connection.remote->ShutdownWrite();
  QuietTurns();
  EXPECT_EQ(kernel().UnreadBytes(connection.fd), 4);
  ReceiveBuffers& buffers = AddBuffers(4, 3);
  buffers.OfferAll();
  ArmReceive(connection.fd, buffers, 1);
  EXPECT_EQ(AwaitEnd(1).res, 0);
  EXPECT_EQ(kernel().UnreadBytes(connection.fd), 0);
}

TEST_P(RingContractPassage, UnreadBytesOutlastAReset) {
  Connection connection = Connect();
  WriteRemote(*connection.remote, Bytes("four"));
  EXPECT_UNREAD(connection, 4);
  connection.remote->Reset();
  QuietTurns();
  EXPECT_EQ(kernel().UnreadBytes(connection.fd), 4);
  ReceiveBuffers& buffers = AddBuffers(4, 64);
  buffers.OfferAll();
  ArmReceive(connection.fd, buffers, 1);
  EXPECT_EQ(AwaitEnd(1).res, -ECONNRESET);
  ASSERT_EQ(Of(1).size(), 2U);
  EXPECT_EQ(buffers.Take(Of(1)[0]), Bytes("four"));
  EXPECT_EQ(kernel().UnreadBytes(connection.fd), 0);
}

TEST_P(RingContractPassage, WhereNothingCanComeNothingIsUnread) {
  const int unconnected = Keep(kernel().OpenSocket(AF_INET));
  EXPECT_EQ(kernel().UnreadBytes(unconnected), 0);
  EXPECT_EQ(kernel().UnreadBytes(1 << 20), -EBADF);
}

TEST_P(RingContractPassage, APipeThatASpliceHasFilledIsRead) {
  Connection source = Connect();
  const uring::PipeEnds pipe = OpenPipe(kPipeBytes);
  std::vector<uint8_t> out(3000);
  EXPECT_EQ(kernel().ReadPipe(pipe.read, out), -EAGAIN);
  size_t in = 0;
  for (const size_t bytes : {1U, 700U, 1299U}) {
    WriteRemote(*source.remote, loopback::Pattern(in, bytes));
    for (size_t spliced = 0; spliced < bytes && !HasFailure();) {
      const int moved = AwaitSplice(source.fd, pipe.write, kMuch);
      ASSERT_GT(moved, 0);
      spliced += static_cast<size_t>(moved);
    }
    in += bytes;
  }
  EXPECT_EQ(kernel().ReadPipe(pipe.read, std::span(out).first(5)), 5);
  EXPECT_EQ(kernel().ReadPipe(pipe.read, std::span(out).subspan(5)), 1995);
  out.resize(2000);
  EXPECT_EQ(loopback::FirstDifference(out), out.size());
  EXPECT_EQ(kernel().ReadPipe(pipe.read, out), -EAGAIN);
}

TEST_P(RingContractPassage, APipeThatWasReadTakesAndGivesAgain) {
  Connection source = Connect();
  Connection sink = Connect();
  const uring::PipeEnds pipe = OpenPipe(kPage);  // one slot
  WriteRemote(*source.remote, Bytes("first"));
  ASSERT_EQ(AwaitSplice(source.fd, pipe.write, kMuch), 5);
  WriteRemote(*source.remote, Bytes("second"));
  ExpectAgain(source.fd, pipe.write);
  std::vector<uint8_t> out(4);
  EXPECT_EQ(kernel().ReadPipe(pipe.read, out), 4);
  ExpectAgain(source.fd, pipe.write);  // its last byte holds the slot
  EXPECT_EQ(kernel().ReadPipe(pipe.read, out), 1);
  ASSERT_EQ(AwaitSplice(source.fd, pipe.write, kMuch), 6);
  EXPECT_EQ(kernel().Splice(pipe.read, sink.fd, kMuch), 6);
  EXPECT_EQ(ReadRemote(*sink.remote, 6), Bytes("second"));
}

TEST_P(RingContractPassage, OnlyTheReadEndOfAPipeIsRead) {
  const uring::PipeEnds pipe = OpenPipe(kPipeBytes);
  std::vector<uint8_t> out(4);
  EXPECT_EQ(kernel().ReadPipe(pipe.write, out), -EBADF);
  EXPECT_EQ(kernel().ReadPipe(1 << 20, out), -EBADF);
  EXPECT_EQ(CloseKept(pipe.write), 0);
  EXPECT_EQ(kernel().ReadPipe(pipe.read, out), 0);
}

}  // namespace
}  // namespace ringway::contract
