// SPDX-License-Identifier: Apache-2.0
//
// The contract of pipes, of splicing through them in both directions, and of what is sent ahead.
#include <algorithm>

#include "tests/kernel/ring_contract_passage.h"

namespace ringway::contract {
namespace {

TEST_P(RingContractPassage, APipeIsGrantedInPagesWhoseNumberIsAPowerOfTwo) {
  constexpr uint32_t kAsked[] = {1, kPage, 5000, kPipeBytes};
  constexpr uint32_t kGranted[] = {kPage, kPage, 2 * kPage, kPipeBytes};
  for (size_t i = 0; i < 4; ++i) {
    uring::PipeEnds ends;
    EXPECT_EQ(kernel().OpenPipe(kAsked[i], &ends), static_cast<int>(kGranted[i]));
    EXPECT_NE(ends.read, ends.write);
    EXPECT_EQ(kernel().Close(ends.read), 0);
    EXPECT_EQ(kernel().Close(ends.write), 0);
    EXPECT_EQ(kernel().Close(ends.read), -EBADF);
    EXPECT_EQ(kernel().Close(ends.write), -EBADF);
  }
}

TEST_P(RingContractPassage, BytesPassThroughAPipeByteForByte) {
  Connection source = Connect();
  Connection sink = Connect();
  const uring::PipeEnds pipe = OpenPipe(kPipeBytes);
  const std::vector<uint8_t> bytes = loopback::Pattern(0, kMuch);
  std::span<const uint8_t> left = bytes;
  std::vector<uint8_t> got(bytes.size());
  size_t in = 0;
  size_t out = 0;
  size_t read = 0;
  EXPECT_TRUE(TurnUntil([&] {
    left = left.subspan(source.remote->Write(left));
    const int taken = kernel().Splice(source.fd, pipe.write, kMuch);
    if (taken > 0) in += static_cast<size_t>(taken);
    const int given = kernel().Splice(pipe.read, sink.fd, kMuch);
    if (given > 0) out += static_cast<size_t>(given);
    EXPECT_TRUE(taken > 0 || taken == -EAGAIN) << taken;
    EXPECT_TRUE(given > 0 || given == -EAGAIN) << given;
    EXPECT_LE(out, in);
    read += sink.remote->Read({got.data() + read, got.size() - read});
    EXPECT_LE(read, out);
    return read == bytes.size() || HasFailure();
  })) << in
      << " in, " << out << " out, " << read << " read";
  EXPECT_EQ(loopback::FirstDifference(got), got.size());
}

TEST_P(RingContractPassage, SegmentsOfOneBytePassToo) {
  Connection source = Connect();
  Connection sink = Connect();
  const uring::PipeEnds pipe = OpenPipe(kPage);
  constexpr size_t kBytes = 200;
  for (size_t i = 0; i < kBytes; ++i) WriteRemote(*source.remote, loopback::Pattern(i, 1));
  std::vector<uint8_t> all;
  while (all.size() < kBytes && !HasFailure()) {
    const int in = AwaitSplice(source.fd, pipe.write, kMuch);
    ASSERT_GT(in, 0);
    EXPECT_EQ(AwaitSplice(pipe.read, sink.fd, kMuch), in);
    const auto piece = ReadRemote(*sink.remote, static_cast<size_t>(in));
    all.insert(all.end(), piece.begin(), piece.end());
  }
  EXPECT_EQ(all, loopback::Pattern(0, kBytes));
}

TEST_P(RingContractPassage, ASpliceMovesAtMostWhatItIsAskedFor) {
  Connection source = Connect();
  Connection sink = Connect();
  const uring::PipeEnds pipe = OpenPipe(kPipeBytes);
  WriteRemote(*source.remote, Bytes("headbody"));
  EXPECT_EQ(AwaitSplice(source.fd, pipe.write, 4), 4);
  EXPECT_EQ(kernel().Splice(pipe.read, sink.fd, 1), 1);
  EXPECT_EQ(kernel().Splice(pipe.read, sink.fd, kMuch), 3);
  EXPECT_EQ(ReadRemote(*sink.remote, 4), Bytes("head"));
  ReceiveBuffers& buffers = AddBuffers(4, 64);
  buffers.OfferAll();
  EXPECT_EQ(ReceiveAll(source.fd, buffers, 4, 1), Bytes("body"));
}

TEST_P(RingContractPassage, WhereNothingIsThereASpliceSaysAgain) {
  Connection connection = Connect();
  const uring::PipeEnds pipe = OpenPipe(kPipeBytes);
  ExpectAgain(connection.fd, pipe.write);
  ExpectAgain(pipe.read, connection.fd);
}

TEST_P(RingContractPassage, AFullPipeSaysAgainWhateverTheSocketHas) {
  Connection source = Connect();
  Connection sink = Connect();
  const uring::PipeEnds pipe = OpenPipe(kPage);  // one slot
  WriteRemote(*source.remote, Bytes("first"));
  ASSERT_EQ(AwaitSplice(source.fd, pipe.write, kMuch), 5);
  WriteRemote(*source.remote, Bytes("second"));
  ExpectAgain(source.fd, pipe.write);
  source.remote->ShutdownWrite();
  ExpectAgain(source.fd, pipe.write);
  EXPECT_EQ(kernel().Splice(pipe.read, sink.fd, kMuch), 5);
  EXPECT_EQ(AwaitSplice(source.fd, pipe.write, kMuch), 6);
  ExpectAgain(source.fd, pipe.write);
  EXPECT_EQ(kernel().Splice(pipe.read, sink.fd, kMuch), 6);
  EXPECT_EQ(kernel().Splice(source.fd, pipe.write, kMuch), 0);
  EXPECT_EQ(ReadRemote(*sink.remote, 11), Bytes("firstsecond"));
}

TEST_P(RingContractPassage, AFullPipeHidesAReset) {
  Connection source = Connect();
  Connection sink = Connect();
  const uring::PipeEnds pipe = OpenPipe(kPage);
  WriteRemote(*source.remote, Bytes("first"));
  ASSERT_EQ(AwaitSplice(source.fd, pipe.write, kMuch), 5);
  source.remote->Reset();
  ExpectAgain(source.fd, pipe.write);
  EXPECT_EQ(kernel().Splice(pipe.read, sink.fd, kMuch), 5);
  EXPECT_EQ(kernel().Splice(source.fd, pipe.write, kMuch), -ECONNRESET);
}

TEST_P(RingContractPassage, AFullSocketSaysAgainUntilItIsRead) {
  Connection source = Connect();
  Connection sink = Connect();
  const uring::PipeEnds pipe = OpenPipe(kPipeBytes);
  size_t pending = 0;
  const size_t taken = FillSocket(source, pipe, sink.fd, &pending);
  ASSERT_GT(pending, 0U);
  ExpectAgain(pipe.read, sink.fd);
  std::vector<uint8_t> all = ReadRemote(*sink.remote, taken);
  while (pending > 0 && !HasFailure()) {
    const int out = AwaitSplice(pipe.read, sink.fd, kMuch);
    ASSERT_GT(out, 0);
    pending -= static_cast<size_t>(out);
    const auto piece = ReadRemote(*sink.remote, static_cast<size_t>(out));
    all.insert(all.end(), piece.begin(), piece.end());
  }
  EXPECT_GT(all.size(), taken);
  EXPECT_EQ(loopback::FirstDifference(all), all.size());
}

TEST_P(RingContractPassage, TheEndOfTheStreamIsZeroBehindItsBytes) {
  Connection source = Connect();
  const uring::PipeEnds pipe = OpenPipe(kPipeBytes);
  WriteRemote(*source.remote, Bytes("last"));
  source.remote->ShutdownWrite();
  EXPECT_EQ(AwaitSplice(source.fd, pipe.write, kMuch), 4);
  EXPECT_EQ(AwaitSplice(source.fd, pipe.write, kMuch), 0);
  EXPECT_EQ(kernel().Splice(source.fd, pipe.write, kMuch), 0);
}

TEST_P(RingContractPassage, AResetIsToldOnceAndThenItIsTheEnd) {
  Connection source = Connect();
  const uring::PipeEnds pipe = OpenPipe(kPipeBytes);
  source.remote->Reset();
  EXPECT_EQ(AwaitSplice(source.fd, pipe.write, kMuch), -ECONNRESET);
  EXPECT_EQ(kernel().Splice(source.fd, pipe.write, kMuch), 0);
}

TEST_P(RingContractPassage, BytesForASocketThatWasResetStayInThePipe) {
  Connection source = Connect();
  Connection gone = Connect();
  Connection sink = Connect();
  const uring::PipeEnds pipe = OpenPipe(kPipeBytes);
  WriteRemote(*source.remote, Bytes("undelivered"));
  ASSERT_EQ(AwaitSplice(source.fd, pipe.write, kMuch), 11);
  gone.remote->Reset();
  QuietTurns();
  EXPECT_EQ(kernel().Splice(pipe.read, gone.fd, kMuch), -ECONNRESET);
  EXPECT_EQ(kernel().Splice(pipe.read, gone.fd, kMuch), -EPIPE);
  EXPECT_EQ(kernel().Splice(pipe.read, sink.fd, kMuch), 11);
  EXPECT_EQ(ReadRemote(*sink.remote, 11), Bytes("undelivered"));
}

TEST_P(RingContractPassage, AResetThatASpliceInWasToldOfIsEpipeForTheOtherHalf) {
  Connection source = Connect();
  Connection gone = Connect();
  const uring::PipeEnds pipe = OpenPipe(kPipeBytes);
  gone.remote->Reset();
  EXPECT_EQ(AwaitSplice(gone.fd, pipe.write, kMuch), -ECONNRESET);
  WriteRemote(*source.remote, Bytes("x"));
  ASSERT_EQ(AwaitSplice(source.fd, pipe.write, kMuch), 1);
  EXPECT_EQ(kernel().Splice(pipe.read, gone.fd, kMuch), -EPIPE);
}

TEST_P(RingContractPassage, AnEmptyPipeHidesThatItsSocketIsShut) {
  Connection source = Connect();
  Connection shut = Connect();
  const uring::PipeEnds pipe = OpenPipe(kPipeBytes);
  EXPECT_EQ(kernel().Shutdown(shut.fd, SHUT_WR), 0);
  ExpectAgain(pipe.read, shut.fd);
  WriteRemote(*source.remote, Bytes("late"));
  ASSERT_EQ(AwaitSplice(source.fd, pipe.write, kMuch), 4);
  EXPECT_EQ(kernel().Splice(pipe.read, shut.fd, kMuch), -EPIPE);
}

TEST_P(RingContractPassage, AHalfClosedConnectionStillTakesWhatIsSplicedToIt) {
  Connection source = Connect();
  Connection sink = Connect();
  const uring::PipeEnds pipe = OpenPipe(kPipeBytes);
  sink.remote->ShutdownWrite();
  EXPECT_EQ(AwaitSplice(sink.fd, pipe.write, kMuch), 0);
  WriteRemote(*source.remote, Bytes("still here"));
  ASSERT_EQ(AwaitSplice(source.fd, pipe.write, kMuch), 10);
  EXPECT_EQ(AwaitSplice(pipe.read, sink.fd, kMuch), 10);
  EXPECT_EQ(ReadRemote(*sink.remote, 10), Bytes("still here"));
}

TEST_P(RingContractPassage, ShutdownSendsFinBehindWhatWasSpliced) {
  Connection source = Connect();
  Connection sink = Connect();
  const uring::PipeEnds pipe = OpenPipe(kPipeBytes);
  const std::vector<uint8_t> bytes = loopback::Pattern(0, 16 * 1024);
  WriteRemote(*source.remote, bytes);
  for (size_t moved = 0; moved < bytes.size() && !HasFailure();) {
    const int in = AwaitSplice(source.fd, pipe.write, kMuch);
    ASSERT_GT(in, 0);
    for (int out = 0; out < in && !HasFailure();) out += AwaitSplice(pipe.read, sink.fd, kMuch);
    moved += static_cast<size_t>(in);
  }
  EXPECT_EQ(kernel().Shutdown(sink.fd, SHUT_WR), 0);
  EXPECT_EQ(ReadRemote(*sink.remote, bytes.size()), bytes);
  EXPECT_EQ(AwaitRemoteEnd(*sink.remote), StreamEnd::kFin);
}

TEST_P(RingContractPassage, WhatIsSentAheadLeavesInFrontOfWhatIsSpliced) {
  Connection source = Connect();
  Connection sink = Connect();
  const uring::PipeEnds pipe = OpenPipe(kPipeBytes);
  std::vector<uint8_t> expected;
  std::vector<uint8_t> got;
  for (size_t round = 0; round < 50 && !HasFailure(); ++round) {
    WriteRemote(*source.remote, loopback::Pattern(round, 100 + round));
    const int in = AwaitSplice(source.fd, pipe.write, kMuch);
    ASSERT_GT(in, 0);
    const std::vector<uint8_t> header = {0x82, 0x7e, 0, static_cast<uint8_t>(in)};
    EXPECT_EQ(kernel().SendAhead(sink.fd, header), 4);
    EXPECT_EQ(AwaitSplice(pipe.read, sink.fd, kMuch), in);
    const auto count = static_cast<size_t>(in);
    const std::vector<uint8_t> payload = loopback::Pattern(round, count);
    expected.insert(expected.end(), header.begin(), header.end());
    expected.insert(expected.end(), payload.begin(), payload.end());
    const auto piece = ReadRemote(*sink.remote, 4 + count);
    got.insert(got.end(), piece.begin(), piece.end());
    // What one splice has left behind is not of the next round.
    for (size_t rest = 100 + round - count; rest > 0 && !HasFailure();) {
      rest -= static_cast<size_t>(std::max(1, AwaitSplice(source.fd, pipe.write, kMuch)));
      AwaitSplice(pipe.read, sink.fd, kMuch);
    }
  }
  EXPECT_EQ(got, expected);
}

TEST_P(RingContractPassage, AFullSocketTakesNothingAhead) {
  Connection sink = Connect();
  size_t sent = 0;
  EXPECT_TRUE(TurnUntil([&] {
    const int taken = kernel().SendAhead(sink.fd, loopback::Pattern(sent, 8192));
    if (taken == -EAGAIN) return true;
    EXPECT_GT(taken, 0);
    sent += static_cast<size_t>(std::max(taken, 0));
    return taken <= 0;
  }));
  const std::vector<uint8_t> one = {0};
  EXPECT_EQ(kernel().SendAhead(sink.fd, one), -EAGAIN);
  const std::vector<uint8_t> got = ReadRemote(*sink.remote, sent);
  EXPECT_EQ(got.size(), sent);
  EXPECT_EQ(loopback::FirstDifference(got), got.size());
}

TEST_P(RingContractPassage, WhatIsSentAheadMeetsTheErrorsOfASend) {
  const std::vector<uint8_t> bytes = Bytes("head");
  Connection gone = Connect();
  gone.remote->Reset();
  QuietTurns();
  EXPECT_EQ(kernel().SendAhead(gone.fd, bytes), -ECONNRESET);
  EXPECT_EQ(kernel().SendAhead(gone.fd, bytes), -EPIPE);
  Connection shut = Connect();
  EXPECT_EQ(kernel().Shutdown(shut.fd, SHUT_WR), 0);
  EXPECT_EQ(kernel().SendAhead(shut.fd, bytes), -EPIPE);
  const int unconnected = Keep(kernel().OpenSocket(AF_INET));
  EXPECT_EQ(kernel().SendAhead(unconnected, bytes), -EPIPE);
  EXPECT_EQ(kernel().SendAhead(OpenPipe(kPage).write, bytes), -ENOTSOCK);
  EXPECT_EQ(kernel().SendAhead(1 << 20, bytes), -EBADF);
}

TEST_P(RingContractPassage, ASpliceBetweenWhatCannotBeSplicedFails) {
  constexpr int kNone = 1 << 20;
  Connection connection = Connect();
  Connection another = Connect();
  const uring::PipeEnds pipe = OpenPipe(kPipeBytes);
  EXPECT_EQ(kernel().Splice(kNone, pipe.write, 1), -EBADF);
  EXPECT_EQ(kernel().Splice(pipe.read, kNone, 1), -EBADF);
  EXPECT_EQ(kernel().Splice(connection.fd, pipe.read, 1), -EBADF);
  EXPECT_EQ(kernel().Splice(pipe.write, connection.fd, 1), -EBADF);
  EXPECT_EQ(kernel().Splice(connection.fd, another.fd, 1), -EINVAL);
  const int unconnected = Keep(kernel().OpenSocket(AF_INET));
  EXPECT_EQ(kernel().Splice(unconnected, pipe.write, 1), -ENOTCONN);
  WriteRemote(*connection.remote, Bytes("x"));
  ASSERT_EQ(AwaitSplice(connection.fd, pipe.write, 1), 1);
  EXPECT_EQ(kernel().Splice(pipe.read, unconnected, 1), -EPIPE);
}

TEST_P(RingContractPassage, ASpliceOfNoBytesIsZeroWhichIsNotTheEnd) {
  Connection connection = Connect();
  const uring::PipeEnds pipe = OpenPipe(kPipeBytes);
  EXPECT_EQ(kernel().Splice(connection.fd, pipe.write, 0), 0);
  WriteRemote(*connection.remote, Bytes("goes on"));
  EXPECT_EQ(AwaitSplice(connection.fd, pipe.write, kMuch), 7);
}

TEST_P(RingContractPassage, APipeThatIsHalfClosedEndsBehindItsBytes) {
  Connection source = Connect();
  Connection sink = Connect();
  const uring::PipeEnds pipe = OpenPipe(kPipeBytes);
  WriteRemote(*source.remote, Bytes("rest"));
  ASSERT_EQ(AwaitSplice(source.fd, pipe.write, kMuch), 4);
  EXPECT_EQ(CloseKept(pipe.write), 0);
  EXPECT_EQ(kernel().Splice(pipe.read, sink.fd, kMuch), 4);
  EXPECT_EQ(kernel().Splice(pipe.read, sink.fd, kMuch), 0);
  const uring::PipeEnds unread = OpenPipe(kPipeBytes);
  EXPECT_EQ(CloseKept(unread.read), 0);
  EXPECT_EQ(kernel().Splice(source.fd, unread.write, kMuch), -EPIPE);
}

}  // namespace
}  // namespace ringway::contract
