// SPDX-License-Identifier: Apache-2.0
//
// The contract of receiving into provided buffers: order, ends, and what happens without buffers.
#include <numeric>

#include "tests/kernel/ring_contract.h"

namespace ringway::contract {
namespace {

TEST_P(RingContract, MultishotReceiveDeliversInOrderAndStaysArmed) {
  Connection connection = Connect();
  ReceiveBuffers& buffers = AddBuffers(8, 64);
  buffers.OfferAll();
  ArmReceive(connection.fd, buffers, 1);
  const char* texts[] = {"one", "two", "three", "four"};
  for (size_t i = 0; i < 4; ++i) {
    WriteRemote(*connection.remote, Bytes(texts[i]));
    ASSERT_TRUE(AwaitCount(1, i + 1));
    const Completion completion = Of(1)[i];
    EXPECT_TRUE(completion.more());
    EXPECT_TRUE(completion.has_buffer());
    EXPECT_EQ(buffers.Look(completion), Bytes(texts[i]));
  }
}

TEST_P(RingContract, EachBufferIsUsedOnceUntilItIsOfferedAgain) {
  Connection connection = Connect();
  ReceiveBuffers& buffers = AddBuffers(8, 16);
  buffers.OfferAll();
  ArmReceive(connection.fd, buffers, 1);
  WriteRemote(*connection.remote, loopback::Pattern(0, 6 * 16));
  ASSERT_TRUE(TurnUntil([&] {
    return std::accumulate(Of(1).begin(), Of(1).end(), 0,
                           [](int sum, const Completion& one) { return sum + one.res; }) >= 96;
  }));
  std::vector<int> used(8);
  for (const Completion& completion : Of(1)) EXPECT_EQ(used[completion.buffer()]++, 0);
}

TEST_P(RingContract, AnArmedReceiveTakesNoBufferWhileItIsIdle) {
  Connection idle = Connect();
  Connection busy = Connect();
  ReceiveBuffers& buffers = AddBuffers(2, 64);
  buffers.Offer(0);
  ArmReceive(idle.fd, buffers, 1);
  ArmReceive(busy.fd, buffers, 2);
  QuietTurns();
  EXPECT_TRUE(Of(1).empty());
  WriteRemote(*busy.remote, Bytes("the only buffer"));
  ASSERT_TRUE(AwaitCount(2, 1));
  EXPECT_EQ(buffers.Look(Of(2)[0]), Bytes("the only buffer"));
  EXPECT_TRUE(Of(1).empty());
}

TEST_P(RingContract, ConnectionsThatShareBuffersDoNotMixTheirBytes) {
  Connection first = Connect();
  Connection second = Connect();
  ReceiveBuffers& buffers = AddBuffers(4, 16);
  buffers.OfferAll();
  WriteRemote(*first.remote, std::vector<uint8_t>(200, 'a'));
  WriteRemote(*second.remote, std::vector<uint8_t>(200, 'b'));
  EXPECT_EQ(ReceiveAll(first.fd, buffers, 200, 1), std::vector<uint8_t>(200, 'a'));
  EXPECT_EQ(ReceiveAll(second.fd, buffers, 200, 2), std::vector<uint8_t>(200, 'b'));
}

TEST_P(RingContract, ASingleReceiveTakesItsLengthAtMostAndEnds) {
  Connection connection = Connect();
  ReceiveBuffers& buffers = AddBuffers(4, 64);
  buffers.OfferAll();
  WriteRemote(*connection.remote, Bytes("headbody"));
  io_uring_sqe* sqe = ring().NextEntry();
  io_uring_prep_recv(sqe, connection.fd, nullptr, 4, 0);
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->buf_group = buffers.group();
  Submit(sqe, 1);
  EXPECT_EQ(buffers.Take(AwaitEnd(1)), Bytes("head"));
  EXPECT_EQ(Of(1).size(), 1U);
  EXPECT_EQ(ReceiveAll(connection.fd, buffers, 4, 2), Bytes("body"));
}

TEST_P(RingContract, BuffersThatRunOutEndTheReceiveAndLoseNothing) {
  Connection connection = Connect();
  ReceiveBuffers& buffers = AddBuffers(4, 16);
  buffers.OfferAll();
  const std::vector<uint8_t> bytes = loopback::Pattern(0, 1000);
  WriteRemote(*connection.remote, bytes);
  std::vector<uint8_t> all;
  for (uint64_t round = 0; all.size() < bytes.size() && round < 100; ++round) {
    ArmReceive(connection.fd, buffers, round);
    ASSERT_TRUE(TurnUntil([&] {
      const size_t left = bytes.size() - all.size();
      return Ended(round) || Of(round).size() * 16 >= left;
    }));
    // Either -ENOBUFS, or bytes without F_MORE: both say that the receive has ended.
    for (const Completion& completion : Of(round)) {
      ASSERT_TRUE(completion.res > 0 || completion.res == -ENOBUFS) << completion.res;
      EXPECT_TRUE(completion.res > 0 || !completion.more());
      const std::vector<uint8_t> piece = buffers.Take(completion);
      all.insert(all.end(), piece.begin(), piece.end());
    }
  }
  EXPECT_EQ(all, bytes);
}

TEST_P(RingContract, AReceiveThatNeverHadABufferEndsWithEnobufs) {
  Connection connection = Connect();
  ReceiveBuffers& buffers = AddBuffers(4, 16);
  ArmReceive(connection.fd, buffers, 1);
  WriteRemote(*connection.remote, Bytes("nowhere to go"));
  EXPECT_EQ(AwaitEnd(1).res, -ENOBUFS);
  EXPECT_FALSE(Of(1).back().has_buffer());
  buffers.OfferAll();
  EXPECT_EQ(ReceiveAll(connection.fd, buffers, 13, 2), Bytes("nowhere to go"));
}

TEST_P(RingContract, BuffersOfAnotherGroupDoNotHelp) {
  Connection connection = Connect();
  ReceiveBuffers& offered = AddBuffers(4, 16);
  ReceiveBuffers& empty = AddBuffers(4, 16);
  offered.OfferAll();
  ArmReceive(connection.fd, empty, 1);
  WriteRemote(*connection.remote, Bytes("x"));
  EXPECT_EQ(AwaitEnd(1).res, -ENOBUFS);
  EXPECT_EQ(ReceiveAll(connection.fd, offered, 1, 2), Bytes("x"));
}

TEST_P(RingContract, TheEndOfTheStreamIsZeroWithoutMore) {
  Connection connection = Connect();
  ReceiveBuffers& buffers = AddBuffers(4, 16);
  buffers.OfferAll();
  ArmReceive(connection.fd, buffers, 1);
  QuietTurns();
  connection.remote->ShutdownWrite();
  EXPECT_EQ(AwaitEnd(1).res, 0);
  EXPECT_EQ(Of(1).size(), 1U);
}

TEST_P(RingContract, WhatCameBeforeTheEndIsDeliveredFirst) {
  Connection connection = Connect();
  ReceiveBuffers& buffers = AddBuffers(8, 16);
  buffers.OfferAll();
  const std::vector<uint8_t> bytes = loopback::Pattern(0, 40);
  WriteRemote(*connection.remote, bytes);
  connection.remote->ShutdownWrite();
  ArmReceive(connection.fd, buffers, 1);
  EXPECT_EQ(AwaitEnd(1).res, 0);
  std::vector<uint8_t> all;
  for (const Completion& completion : Of(1)) {
    const std::vector<uint8_t> piece = buffers.Look(completion);
    all.insert(all.end(), piece.begin(), piece.end());
  }
  EXPECT_EQ(all, bytes);
}

TEST_P(RingContract, AResetIsEconnreset) {
  Connection connection = Connect();
  ReceiveBuffers& buffers = AddBuffers(4, 16);
  buffers.OfferAll();
  ArmReceive(connection.fd, buffers, 1);
  QuietTurns();
  connection.remote->Reset();
  EXPECT_EQ(AwaitEnd(1).res, -ECONNRESET);
}

TEST_P(RingContract, AReceiveArmedAfterTheResetSaysSoToo) {
  Connection connection = Connect();
  ReceiveBuffers& buffers = AddBuffers(4, 16);
  buffers.OfferAll();
  connection.remote->Reset();
  ArmReceive(connection.fd, buffers, 1);
  EXPECT_EQ(AwaitEnd(1).res, -ECONNRESET);
}

TEST_P(RingContract, ReceivingGoesOnWhenWritingHasEnded) {
  Connection connection = Connect();
  ReceiveBuffers& buffers = AddBuffers(4, 16);
  buffers.OfferAll();
  EXPECT_EQ(kernel().Shutdown(connection.fd, SHUT_WR), 0);
  EXPECT_EQ(AwaitRemoteEnd(*connection.remote), StreamEnd::kFin);
  WriteRemote(*connection.remote, Bytes("still here"));
  EXPECT_EQ(ReceiveAll(connection.fd, buffers, 10, 1), Bytes("still here"));
}

TEST_P(RingContract, ALongStreamArrivesWholeThroughFewBuffers) {
  Connection connection = Connect();
  ReceiveBuffers& buffers = AddBuffers(4, 4096);
  buffers.OfferAll();
  constexpr size_t kPieceBytes = 64 * 1024;
  for (size_t at = 0; at < 16 * kPieceBytes; at += kPieceBytes) {
    std::vector<uint8_t> piece = loopback::Pattern(at, kPieceBytes);
    std::span<const uint8_t> left = piece;
    std::vector<uint8_t> all;
    while (all.size() < kPieceBytes && !HasFailure()) {
      const size_t written = connection.remote->Write(left);
      left = left.subspan(written);
      const std::vector<uint8_t> got = ReceiveAll(connection.fd, buffers, written, 1);
      all.insert(all.end(), got.begin(), got.end());
    }
    ASSERT_EQ(all, piece);
  }
}

TEST_P(RingContract, AGroupIsRegisteredOnceUntilItIsUnregistered) {
  AddBuffers(4, 16);  // group 0
  std::vector<uint8_t> page(3 * 4096);
  const auto at = (reinterpret_cast<uint64_t>(page.data()) + 4095) & ~uint64_t{4095};
  const io_uring_buf_reg again{.ring_addr = at, .ring_entries = 4, .bgid = 0};
  EXPECT_EQ(kernel().RegisterBufferRing(again), -EEXIST);
  EXPECT_EQ(kernel().UnregisterBufferRing(7), -ENOENT);
  const io_uring_buf_reg other{.ring_addr = at, .ring_entries = 4, .bgid = 7};
  EXPECT_EQ(kernel().RegisterBufferRing(other), 0);
  EXPECT_EQ(kernel().UnregisterBufferRing(7), 0);
}

TEST_P(RingContract, AGroupWhoseRingCannotBeIsRefused) {
  std::vector<uint8_t> pages(3 * 4096);
  const auto at = (reinterpret_cast<uint64_t>(pages.data()) + 4095) & ~uint64_t{4095};
  const auto refusal = [&](uint64_t address, uint32_t entries) {
    const io_uring_buf_reg ring{.ring_addr = address, .ring_entries = entries, .bgid = 7};
    return kernel().RegisterBufferRing(ring);
  };
  EXPECT_EQ(refusal(0, 4), -EFAULT);
  EXPECT_EQ(refusal(at + sizeof(io_uring_buf), 4), -EINVAL);
  EXPECT_EQ(refusal(at, 3), -EINVAL);
  EXPECT_EQ(refusal(at, 65'536), -EINVAL);
}

}  // namespace
}  // namespace ringway::contract
