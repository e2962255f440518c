// SPDX-License-Identifier: Apache-2.0
//
// The fixture for what a kernel may offer or not. Apart from the others, since it is run only for
// kernels from which no feature was masked.
#pragma once

#include <vector>

#include "tests/kernel/ring_contract.h"

namespace ringway::contract {

class RingContractOptional : public RingContract {
 protected:
  void ArmCapped(int fd, const ReceiveBuffers& buffers, uint32_t cap, uint64_t user_data) {
    io_uring_sqe* sqe = ring().NextEntry();
    io_uring_prep_recv_multishot(sqe, fd, nullptr, 0, 0);
    uring::SetReceiveCap(*sqe, cap);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = buffers.group();
    Submit(sqe, user_data);
  }

  std::vector<uint8_t> TakeAll(ReceiveBuffers& buffers, uint64_t user_data) {
    std::vector<uint8_t> all;
    for (const Completion& completion : Of(user_data)) {
      const std::vector<uint8_t> piece = buffers.Take(completion);
      all.insert(all.end(), piece.begin(), piece.end());
    }
    return all;
  }

  /// Registers `memory_` as fixed buffer 0; the negative errno if it cannot be had.
  int RegisterMemory() {
    const iovec all{.iov_base = memory_.data(), .iov_len = memory_.size()};
    return kernel().RegisterBuffers({&all, 1});
  }

  std::vector<uint8_t> memory_ = std::vector<uint8_t>(64 * 1024);
};

}  // namespace ringway::contract
