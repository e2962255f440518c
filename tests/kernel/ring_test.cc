// SPDX-License-Identifier: Apache-2.0
//
// A ring whose kernel says no: which answers end a worker, and which the next turn mends.
#include "uring/ring.h"

#include <gtest/gtest.h>
#include <liburing.h>

#include <array>
#include <cerrno>
#include <memory>

#include "uring/linux_kernel.h"

namespace ringway::uring {
namespace {

/// io_uring, but the next entries are refused.
class RefusingKernel : public Kernel {
 public:
  explicit RefusingKernel(std::unique_ptr<LinuxKernel> kernel) : kernel_(std::move(kernel)) {}

  /// The next `times` entries take nothing and return `error`.
  void Refuse(int error, int times) {
    error_ = error;
    times_ = times;
  }

  int Enter(const EnterRequest& request) override {
    return times_-- > 0 ? error_ : kernel_->Enter(request);
  }
  const RingMemory& memory() const override { return kernel_->memory(); }
  FeatureSet features() const override { return kernel_->features(); }
  int RegisterBufferRing(const io_uring_buf_reg& ring) override {
    return kernel_->RegisterBufferRing(ring);
  }
  int UnregisterBufferRing(uint16_t group) override { return kernel_->UnregisterBufferRing(group); }
  int RegisterBuffers(std::span<const iovec> buffers) override {
    return kernel_->RegisterBuffers(buffers);
  }
  int UnregisterBuffers() override { return kernel_->UnregisterBuffers(); }
  int OpenSocket(int family) override { return kernel_->OpenSocket(family); }
  int BindSource(int fd, const sockaddr_storage& address, socklen_t bytes) override {
    return kernel_->BindSource(fd, address, bytes);
  }
  int SetNoDelay(int fd) override { return kernel_->SetNoDelay(fd); }
  int RemoteAddress(int fd, sockaddr_storage* address) override {
    return kernel_->RemoteAddress(fd, address);
  }
  int Shutdown(int fd, int how) override { return kernel_->Shutdown(fd, how); }
  int Close(int fd) override { return kernel_->Close(fd); }

 private:
  std::unique_ptr<LinuxKernel> kernel_;
  int error_ = 0;
  int times_ = 0;
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

}  // namespace
}  // namespace ringway::uring
