// SPDX-License-Identifier: Apache-2.0
//
// The contract of the two queues: how submissions are taken, when a turn waits, and that no
// completion is lost.
#include <set>

#include "tests/kernel/ring_contract.h"

namespace ringway::contract {
namespace {

constexpr uint64_t kMs = 1'000'000;
/// Far longer than any of these tests runs: whoever waits for it has failed.
constexpr uint64_t kLongNs = 5'000 * kMs;

TEST_P(RingContract, CompletionsCarryTheirUserDataIntact) {
  const uint64_t values[] = {0, 1, 0x0123'4567'89ab'cdef, 0x8000'0000'0000'0000, UINT64_MAX};
  for (const uint64_t value : values) {
    io_uring_sqe* sqe = ring().NextEntry();
    io_uring_prep_nop(sqe);
    Submit(sqe, value);
  }
  for (const uint64_t value : values) {
    EXPECT_EQ(AwaitEnd(value).res, 0);
    EXPECT_EQ(Of(value).size(), 1U);
  }
}

TEST_P(RingContract, SubmissionsAreTakenInTheOrderOfTheirPreparation) {
  Connection connection = Connect();
  const std::vector<uint8_t> text = Bytes("in the order");
  for (size_t i = 0; i < text.size(); ++i) PrepareSend(connection.fd, {&text[i], 1}, i);
  EXPECT_EQ(ReadRemote(*connection.remote, text.size()), text);
}

TEST_P(RingContract, ATurnReturnsAtItsTimeoutWithoutACompletion) {
  constexpr uint64_t kTimeoutNs = 20 * kMs;
  const uint64_t begin = world().NowNs();
  EXPECT_EQ(ring().Turn(kTimeoutNs), 0);
  const uint64_t waited = world().NowNs() - begin;
  EXPECT_GE(waited, kTimeoutNs);
  EXPECT_LT(waited, kLongNs);
  EXPECT_EQ(ring().ready(), 0U);
}

TEST_P(RingContract, ATurnWithATimeoutOfZeroDoesNotWait) {
  ReceiveBuffers& buffers = AddBuffers(2, 64);
  buffers.OfferAll();
  const Connection connection = Connect();
  ArmReceive(connection.fd, buffers, 1);
  EXPECT_EQ(ring().Turn(0), 0);  // without a completion: waiting would not end
  EXPECT_EQ(ring().ready(), 0U);
}

TEST_P(RingContract, ATurnThatDoesNotWaitLetsCompletionsArrive) {
  constexpr int kTurns = 100'000;
  Connection connection = Connect();
  ReceiveBuffers& buffers = AddBuffers(4, 64);
  buffers.OfferAll();
  ArmReceive(connection.fd, buffers, 1);
  QuietTurns();
  for (const uint32_t ready : {1U, 2U}) {
    ASSERT_EQ(connection.remote->Write(Bytes("news")), 4U);
    for (int i = 0; i < kTurns && ring().ready() < ready; ++i) ASSERT_EQ(ring().Turn(0), 0);
    EXPECT_EQ(ring().ready(), ready);
  }
}

TEST_P(RingContract, ATurnThatTimesOutHasTakenItsSubmissions) {
  Connection connection = Connect();
  ReceiveBuffers& buffers = AddBuffers(2, 64);
  buffers.OfferAll();
  ArmReceive(connection.fd, buffers, 1);
  EXPECT_EQ(ring().prepared(), 1U);
  EXPECT_EQ(ring().Turn(2 * kMs), 0);
  EXPECT_EQ(ring().prepared(), 0U);
  EXPECT_EQ(ring().ready(), 0U);
  WriteRemote(*connection.remote, Bytes("later"));
  ASSERT_TRUE(AwaitCount(1, 1));
  EXPECT_EQ(buffers.Take(Of(1)[0]), Bytes("later"));
}

TEST_P(RingContract, ATurnDoesNotWaitWhileCompletionsAreReady) {
  io_uring_sqe* sqe = ring().NextEntry();
  io_uring_prep_nop(sqe);
  Submit(sqe, 1);
  ASSERT_EQ(ring().Turn(kLongNs), 0);
  ASSERT_EQ(ring().ready(), 1U);
  const uint64_t begin = world().NowNs();
  EXPECT_EQ(ring().Turn(kLongNs), 0);
  EXPECT_LT(world().NowNs() - begin, kLongNs);
  Collect();
  EXPECT_TRUE(Ended(1));
}

TEST_P(RingContract, ATurnWithoutATimeoutEndsWithACompletion) {
  Connection connection = Connect();
  const std::vector<uint8_t> text = Bytes("wake");
  PrepareSend(connection.fd, text, 1);
  EXPECT_EQ(ring().Turn(uring::kNoTimeout), 0);
  EXPECT_EQ(ring().ready(), 1U);
  Collect();
}

TEST_P(RingContract, ReapTakesNoMoreThanItIsGivenRoomFor) {
  for (uint64_t i = 0; i < 5; ++i) {
    io_uring_sqe* sqe = ring().NextEntry();
    io_uring_prep_nop(sqe);
    Submit(sqe, i);
  }
  ASSERT_EQ(ring().Turn(0), 0);
  ASSERT_EQ(ring().ready(), 5U);
  std::array<io_uring_cqe, 8> out{};
  EXPECT_EQ(ring().Reap({out.data(), 0}), 0U);
  EXPECT_EQ(ring().ready(), 5U);
  Collect();
  EXPECT_EQ(ring().ready(), 0U);
  EXPECT_EQ(ring().Reap(out), 0U);
}

TEST_P(RingContract, NextEntryHandsAFullQueueOverByItself) {
  ASSERT_NO_FATAL_FAILURE(Open({.sq_entries = 8, .cq_entries = 128}));
  constexpr uint64_t kEntries = 5 * 8 + 3;
  for (uint64_t i = 0; i < kEntries; ++i) {
    io_uring_sqe* sqe = ring().NextEntry();
    io_uring_prep_nop(sqe);
    Submit(sqe, i);
  }
  EXPECT_EQ(ring().flushes(), 5U);
  for (uint64_t i = 0; i < kEntries; ++i) {
    EXPECT_EQ(AwaitEnd(i).res, 0);
    EXPECT_EQ(Of(i).size(), 1U) << "entry " << i;
  }
}

TEST_P(RingContract, TheQueueGoesRoundAndRound) {
  ASSERT_NO_FATAL_FAILURE(Open({.sq_entries = 4, .cq_entries = 8}));
  for (uint64_t i = 0; i < 100; ++i) {
    io_uring_sqe* sqe = ring().NextEntry();
    io_uring_prep_nop(sqe);
    Submit(sqe, i);
    if (i % 3 == 2) Turn();
  }
  for (uint64_t i = 0; i < 100; ++i) {
    AwaitEnd(i);
    EXPECT_EQ(Of(i).size(), 1U) << "entry " << i;
  }
}

TEST_P(RingContract, FlushTakesAllThatWasPreparedAndDoesNotWait) {
  Connection connection = Connect();
  ReceiveBuffers& buffers = AddBuffers(2, 64);
  buffers.OfferAll();
  ArmReceive(connection.fd, buffers, 1);
  const std::vector<uint8_t> text = Bytes("flushed");
  PrepareSend(connection.fd, text, 2);
  ring().Flush();
  EXPECT_EQ(ring().prepared(), 0U);
  EXPECT_EQ(ring().flushes(), 1U);
  EXPECT_EQ(ReadRemote(*connection.remote, text.size()), text);
}

TEST_P(RingContract, CompletionsBeyondTheQueueAreKept) {
  ASSERT_NO_FATAL_FAILURE(Open({.sq_entries = 8, .cq_entries = 16}));
  constexpr uint64_t kEntries = 4 * 16;
  for (uint64_t i = 0; i < kEntries; ++i) {
    io_uring_sqe* sqe = ring().NextEntry();
    io_uring_prep_nop(sqe);
    Submit(sqe, i);
  }
  ring().Flush();
  for (uint64_t i = 0; i < kEntries; ++i) {
    EXPECT_EQ(AwaitEnd(i).res, 0);
    EXPECT_EQ(Of(i).size(), 1U) << "entry " << i;
  }
}

TEST_P(RingContract, SubmissionsAreTakenWhileTheCompletionQueueIsFull) {
  ASSERT_NO_FATAL_FAILURE(Open({.sq_entries = 8, .cq_entries = 16}));
  Connection connection = Connect();
  const std::vector<uint8_t> bytes = loopback::Pattern(0, 64);
  for (uint64_t i = 0; i < bytes.size(); ++i) {
    PrepareSend(connection.fd, {&bytes[i], 1}, i);
    if (i % 8 == 7) ring().Flush();
  }
  std::vector<uint8_t> out(bytes.size() + 1);
  size_t got = 0;
  for (int tries = 0; tries < kTurnsMax && got < bytes.size(); ++tries) {
    got += connection.remote->Read({out.data() + got, out.size() - got});
  }
  EXPECT_EQ(got, bytes.size());
  EXPECT_EQ(loopback::FirstDifference({out.data(), got}), got);
  for (uint64_t i = 0; i < bytes.size(); ++i) EXPECT_EQ(AwaitEnd(i).res, 1);
}

TEST_P(RingContract, AFloodBeyondTheCompletionQueueArrivesWholeAndInOrder) {
  ASSERT_NO_FATAL_FAILURE(Open({.sq_entries = 8, .cq_entries = 16}));
  Connection connection = Connect();
  ReceiveBuffers& buffers = AddBuffers(128, 8);
  buffers.OfferAll();
  const std::vector<uint8_t> bytes = loopback::Pattern(0, 1024);
  WriteRemote(*connection.remote, bytes);
  ArmReceive(connection.fd, buffers, 1);
  // Nothing is reaped meanwhile: 128 completions are due for 16 places.
  for (int i = 0; i < kQuietTurns; ++i) EXPECT_EQ(ring().Turn(0), 0);
  std::vector<uint8_t> all;
  size_t seen = 0;
  EXPECT_TRUE(TurnUntil([&] {
    for (; seen < Of(1).size(); ++seen) {
      const std::vector<uint8_t> piece = buffers.Look(Of(1)[seen]);
      all.insert(all.end(), piece.begin(), piece.end());
      if (!Of(1)[seen].more()) ArmReceive(connection.fd, buffers, 1);
    }
    return all.size() >= bytes.size();
  }));
  EXPECT_EQ(all, bytes);
}

TEST_P(RingContract, WhatASubmissionPointsToMayBeUsedAgainAfterFlush) {
  Connection connection = Connect();
  std::vector<uint8_t> first = Bytes("first, ");
  std::vector<uint8_t> second = Bytes("second");
  {
    iovec pieces[2] = {{.iov_base = first.data(), .iov_len = first.size()},
                       {.iov_base = second.data(), .iov_len = second.size()}};
    msghdr header{.msg_iov = pieces, .msg_iovlen = 2};
    io_uring_sqe* sqe = ring().NextEntry();
    io_uring_prep_sendmsg(sqe, connection.fd, &header, MSG_NOSIGNAL);
    Submit(sqe, 1);
    ring().Flush();
    pieces[0] = pieces[1] = {.iov_base = nullptr, .iov_len = 1 << 20};
    header = {};
  }
  EXPECT_EQ(AwaitEnd(1).res, 13);
  EXPECT_EQ(ReadRemote(*connection.remote, 13), Bytes("first, second"));
}

TEST_P(RingContract, SoItMayWhileTheSendWaitsForItsReader) {
  Connection connection = Connect();
  size_t sent = 0;
  const uint64_t stalled = SendUntilStalled(connection.fd, 100, &sent);
  std::vector<uint8_t> last = Bytes("the last words");
  {
    iovec piece{.iov_base = last.data(), .iov_len = last.size()};
    msghdr header{.msg_iov = &piece, .msg_iovlen = 1};
    io_uring_sqe* sqe = ring().NextEntry();
    io_uring_prep_sendmsg(sqe, connection.fd, &header, MSG_NOSIGNAL);
    Submit(sqe, 1);
    ring().Flush();
    piece = {.iov_base = nullptr, .iov_len = 1 << 20};
    header = {};
  }
  EXPECT_FALSE(Ended(1));
  std::vector<uint8_t> out(64 * 1024);
  EXPECT_TRUE(TurnUntil([&] {
    static_cast<void>(connection.remote->Read(out));
    return Ended(1) && Ended(stalled);
  }));
  EXPECT_EQ(Of(1).back().res, static_cast<int>(last.size()));
}

}  // namespace
}  // namespace ringway::contract
