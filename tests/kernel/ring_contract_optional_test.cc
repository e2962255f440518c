// SPDX-License-Identifier: Apache-2.0
//
// The contract of what a kernel may offer or not: the receive cap, and registered memory. A test
// of something that this kernel does not offer is skipped and says so.
#include "tests/kernel/ring_contract_optional.h"

#include <algorithm>

namespace ringway::contract {
namespace {

#define REQUIRE_RECEIVE_CAP()                                             \
  if (!ring().features().Has(uring::Feature::kReceiveCap)) {              \
    GTEST_SKIP() << "this kernel does not cap multishot receives (6.17)"; \
  }

#define REQUIRE_REGISTERED_MEMORY()                                               \
  if (const int error = RegisterMemory(); error != 0) {                           \
    ASSERT_EQ(error, -ENOMEM);                                                    \
    GTEST_SKIP() << "64 KiB cannot be registered: the limit on locked memory is " \
                    "used up (ulimit -l)";                                        \
  }

TEST_P(RingContractOptional, ACappedReceiveEndsExactlyAtACapThatItsBuffersDivide) {
  REQUIRE_RECEIVE_CAP();
  Connection connection = Connect();
  ReceiveBuffers& buffers = AddBuffers(16, 1024);
  buffers.OfferAll();
  const std::vector<uint8_t> bytes = loopback::Pattern(0, 10'240);
  WriteRemote(*connection.remote, bytes);
  ArmCapped(connection.fd, buffers, 5120, 1);
  EXPECT_EQ(AwaitEnd(1).res, 1024);
  QuietTurns();
  std::vector<uint8_t> all = TakeAll(buffers, 1);
  EXPECT_EQ(all.size(), 5120U);
  ArmCapped(connection.fd, buffers, 5120, 2);
  EXPECT_EQ(AwaitEnd(2).res, 1024);
  const std::vector<uint8_t> rest = TakeAll(buffers, 2);
  all.insert(all.end(), rest.begin(), rest.end());
  EXPECT_EQ(all, bytes);
}

// The cap is looked at between buffers, not within one.
TEST_P(RingContractOptional, ACappedReceiveNeverPassesItsCapByAWholeBuffer) {
  REQUIRE_RECEIVE_CAP();
  constexpr size_t kBufferBytes = 1024;
  for (const uint32_t cap : {1U, 700U, 1025U, 3000U}) {
    Connection connection = Connect();
    ReceiveBuffers& buffers = AddBuffers(16, kBufferBytes);
    buffers.OfferAll();
    WriteRemote(*connection.remote, loopback::Pattern(0, 10'000));
    ArmCapped(connection.fd, buffers, cap, cap);
    EXPECT_GT(AwaitEnd(cap).res, 0);
    QuietTurns();
    const std::vector<uint8_t> got = TakeAll(buffers, cap);
    EXPECT_GE(got.size(), cap);
    EXPECT_LT(got.size(), cap + kBufferBytes);
    const size_t left = 10'000 - got.size();
    EXPECT_EQ(ReceiveAll(connection.fd, buffers, left, 10'000 + cap),
              loopback::Pattern(got.size(), left));
  }
}

TEST_P(RingContractOptional, ACapCountsOverSeveralArrivals) {
  REQUIRE_RECEIVE_CAP();
  Connection connection = Connect();
  ReceiveBuffers& buffers = AddBuffers(8, 64);
  buffers.OfferAll();
  ArmCapped(connection.fd, buffers, 10, 1);
  for (size_t i = 1; i <= 3; ++i) {
    WriteRemote(*connection.remote, Bytes("abc"));
    ASSERT_TRUE(AwaitCount(1, i));
    EXPECT_TRUE(Of(1).back().more());
  }
  WriteRemote(*connection.remote, Bytes("d"));
  EXPECT_EQ(AwaitEnd(1).res, 1);
  EXPECT_EQ(TakeAll(buffers, 1), Bytes("abcabcabcd"));
}

TEST_P(RingContractOptional, ReadFixedFillsRegisteredMemoryFromAFile) {
  REQUIRE_REGISTERED_MEMORY();
  const std::vector<uint8_t> bytes = loopback::Pattern(0, 20'000);
  const int file = Keep(world().OpenFile(bytes));
  std::ranges::fill(memory_, 0xee);
  io_uring_sqe* sqe = ring().NextEntry();
  io_uring_prep_read_fixed(sqe, file, memory_.data() + 100, 8000, 4096, 0);
  Submit(sqe, 1);
  EXPECT_EQ(AwaitEnd(1).res, 8000);
  EXPECT_EQ(loopback::FirstDifference({memory_.data() + 100, 8000}, 4096), 8000U);
  EXPECT_EQ(memory_[99], 0xee);
  EXPECT_EQ(memory_[8100], 0xee);
}

TEST_P(RingContractOptional, ReadFixedEndsWithTheFile) {
  REQUIRE_REGISTERED_MEMORY();
  const int file = Keep(world().OpenFile(loopback::Pattern(0, 1000)));
  io_uring_sqe* sqe = ring().NextEntry();
  io_uring_prep_read_fixed(sqe, file, memory_.data(), 4096, 900, 0);
  Submit(sqe, 1);
  EXPECT_EQ(AwaitEnd(1).res, 100);
  sqe = ring().NextEntry();
  io_uring_prep_read_fixed(sqe, file, memory_.data(), 4096, 1000, 0);
  Submit(sqe, 2);
  EXPECT_EQ(AwaitEnd(2).res, 0);
}

TEST_P(RingContractOptional, ReadFixedOutsideRegisteredMemoryIsEfault) {
  REQUIRE_REGISTERED_MEMORY();
  const int file = Keep(world().OpenFile(loopback::Pattern(0, 1000)));
  std::vector<uint8_t> elsewhere(4096);
  io_uring_sqe* sqe = ring().NextEntry();
  io_uring_prep_read_fixed(sqe, file, elsewhere.data(), 1000, 0, 0);
  Submit(sqe, 1);
  EXPECT_EQ(AwaitEnd(1).res, -EFAULT);
}

TEST_P(RingContractOptional, AZeroCopySendIsNotifiedWhenItsMemoryMayBeUsedAgain) {
  REQUIRE_REGISTERED_MEMORY();
  Connection connection = Connect();
  constexpr size_t kBytes = 20'000;
  const std::vector<uint8_t> bytes = loopback::Pattern(0, kBytes);
  std::ranges::copy(bytes, memory_.begin());
  io_uring_sqe* sqe = ring().NextEntry();
  io_uring_prep_send_zc(sqe, connection.fd, memory_.data(), kBytes, MSG_NOSIGNAL,
                        IORING_RECVSEND_FIXED_BUF);
  sqe->buf_index = 0;
  Submit(sqe, 1);
  ASSERT_TRUE(AwaitCount(1, 1));
  ASSERT_GT(Of(1)[0].res, 0);
  EXPECT_TRUE(Of(1)[0].more());
  EXPECT_EQ(Of(1)[0].flags & IORING_CQE_F_NOTIF, 0U);
  const auto taken = static_cast<size_t>(Of(1)[0].res);

  // The reader may have to read before the kernel lets go; until then the bytes are left alone.
  std::vector<uint8_t> got = ReadRemote(*connection.remote, taken / 2);
  EXPECT_TRUE(AwaitEnd(1).flags & IORING_CQE_F_NOTIF);
  EXPECT_EQ(Of(1).size(), 2U);
  EXPECT_EQ(loopback::FirstDifference({memory_.data(), kBytes}), kBytes);
  std::ranges::fill(memory_, 0xee);
  const std::vector<uint8_t> rest = ReadRemote(*connection.remote, taken - got.size());
  got.insert(got.end(), rest.begin(), rest.end());
  EXPECT_EQ(got.size(), taken);
  EXPECT_EQ(loopback::FirstDifference(got), got.size());
}

TEST_P(RingContractOptional, AZeroCopySendToNobodyFailsAndLetsGo) {
  REQUIRE_REGISTERED_MEMORY();
  Connection connection = Connect();
  connection.remote->Reset();
  QuietTurns();
  io_uring_sqe* sqe = ring().NextEntry();
  io_uring_prep_send_zc(sqe, connection.fd, memory_.data(), 1000, MSG_NOSIGNAL,
                        IORING_RECVSEND_FIXED_BUF);
  sqe->buf_index = 0;
  Submit(sqe, 1);
  AwaitEnd(1);
  const int result = Of(1)[0].res;
  EXPECT_TRUE(result == -EPIPE || result == -ECONNRESET) << result;
}

TEST_P(RingContractOptional, RegisteredMemoryIsRegisteredOnceUntilItIsUnregistered) {
  REQUIRE_REGISTERED_MEMORY();
  EXPECT_EQ(RegisterMemory(), -EBUSY);
  EXPECT_EQ(kernel().UnregisterBuffers(), 0);
  EXPECT_LT(kernel().UnregisterBuffers(), 0);
  EXPECT_EQ(RegisterMemory(), 0);
}

}  // namespace
}  // namespace ringway::contract
