// SPDX-License-Identifier: Apache-2.0
//
// A ring whose kernel says no: which answers end a worker, and which the next turn mends.
#include "uring/ring.h"

#include <gtest/gtest.h>
#include <liburing.h>

#include <array>
#include <cerrno>
#include <memory>

#include "tests/kernel/forwarding_kernel.h"
#include "uring/linux_kernel.h"
#include "uring/probe.h"

namespace ringway::uring {
namespace {

/// io_uring, but the next entries are refused.
class RefusingKernel : public ForwardingKernel {
 public:
  using ForwardingKernel::ForwardingKernel;

  /// The next `times` entries take nothing and return `error`.
  void Refuse(int error, int times) {
    error_ = error;
    times_ = times;
  }
  int Enter(const EnterRequest& request) override {
    return times_-- > 0 ? error_ : ForwardingKernel::Enter(request);
  }

 private:
  int error_ = 0;
  int times_ = 0;
};

/// Linux before 6.17: a receive with a cap is refused, because its field must be zero there.
class KernelWithoutCap : public ForwardingKernel {
 public:
  using ForwardingKernel::ForwardingKernel;

  int Enter(const EnterRequest& request) override {
    const RingMemory& queue = memory();
    for (uint32_t i = 0; i < request.submit; ++i) {
      io_uring_sqe& sqe = queue.sqes[(*queue.sq_tail - 1 - i) & (queue.sq_entries - 1)];
      // A second address, which no receive has: refused by every kernel.
      if (sqe.opcode == IORING_OP_RECV && sqe.file_index != 0) sqe.off = 1;
    }
    return ForwardingKernel::Enter(request);
  }
};

class RefusedRing : public testing::Test {
 protected:
  RefusedRing() : kernel_(*LinuxKernel::Open({.sq_entries = 8, .cq_entries = 16})) {}

  void PrepareNop(uint64_t user_data) {
    io_uring_sqe* sqe = ring_.NextEntry();
    io_uring_prep_nop(sqe);
    sqe->user_data = user_data;
  }

  void ExpectCompleted(uint64_t user_data) {
    std::array<io_uring_cqe, 8> out;
    ASSERT_EQ(ring_.Reap(out), 1U);
    EXPECT_EQ(out[0].user_data, user_data);
  }

  RefusingKernel kernel_;
  Ring ring_{kernel_};
};

TEST_F(RefusedRing, OffersAgainWhatWasNotTakenForWantOfMemory) {
  for (const int error : {EAGAIN, EBUSY, EINTR, ETIME}) {
    PrepareNop(static_cast<uint64_t>(error));
    kernel_.Refuse(-error, 1);
    EXPECT_EQ(ring_.Turn(0), 0) << error;
    EXPECT_EQ(ring_.prepared(), 1U);
    EXPECT_EQ(ring_.Turn(0), 0);
    EXPECT_EQ(ring_.prepared(), 0U);
    ExpectCompleted(static_cast<uint64_t>(error));
  }
}

TEST_F(RefusedRing, SaysWhichErrorNoTurnWillMend) {
  PrepareNop(1);
  kernel_.Refuse(-EBADF, 1);
  EXPECT_EQ(ring_.Turn(0), -EBADF);
}

TEST_F(RefusedRing, FlushTriesUntilAllIsTaken) {
  PrepareNop(5);
  kernel_.Refuse(-EAGAIN, 100);
  ring_.Flush();
  EXPECT_EQ(ring_.prepared(), 0U);
  ExpectCompleted(5);
}

TEST(TryReceives, FindsTheCapWhereThereIsOne) {
  const ProbeResult probe = Probe();
  auto kernel = LinuxKernel::Open({.sq_entries = 8, .cq_entries = 32});
  ASSERT_TRUE(kernel.ok()) << kernel.status();
  const bool capped = probe.features.Has(Feature::kReceiveCap);
  EXPECT_EQ(TryReceives(**kernel), capped ? ReceiveTrial::kCapped : ReceiveTrial::kNotCapped);
}

TEST(TryReceives, IsContentWithAKernelThatKnowsNoCap) {
  auto kernel = LinuxKernel::Open({.sq_entries = 8, .cq_entries = 32});
  ASSERT_TRUE(kernel.ok()) << kernel.status();
  KernelWithoutCap without(*std::move(kernel));
  EXPECT_EQ(TryReceives(without), ReceiveTrial::kNotCapped);
}

}  // namespace
}  // namespace ringway::uring
