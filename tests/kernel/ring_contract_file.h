// SPDX-License-Identifier: Apache-2.0
//
// The fixture for files: a root to open them beneath, and sockets to send them into.
#pragma once

#include <cerrno>

#include "tests/kernel/ring_contract_passage.h"

namespace ringway::contract {

class RingContractFile : public RingContractPassage {
 protected:
  void SetUp() override {
    RingContractPassage::SetUp();
    root_ = Keep(world().OpenRoot());
    ASSERT_GE(root_, 0);
  }

  int OpenPath(const char* path) {
    const int fd = kernel().OpenBeneath(root_, path, uring::Lookup::kWhole);
    return fd < 0 ? fd : Keep(fd);
  }
  uring::FileStatus StatusOf(int fd) {
    uring::FileStatus status;
    EXPECT_EQ(kernel().StatusOf(fd, &status), 0);
    return status;
  }
  /// A sendfile, again with each turn for as long as it says -EAGAIN.
  int AwaitSendFile(int socket, int file, uint64_t offset, uint32_t bytes) {
    int result = -EAGAIN;
    EXPECT_TRUE(TurnUntil([&] {
      result = kernel().SendFile(socket, file, offset, bytes);
      return result != -EAGAIN;
    }));
    return result;
  }

  int root_ = -1;
};

}  // namespace ringway::contract
