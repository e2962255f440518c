// SPDX-License-Identifier: Apache-2.0
//
// The fixture for files: a root to open them beneath, and sockets to send them into.
#pragma once

#include <fcntl.h>
#include <linux/openat2.h>

#include <cerrno>
#include <string>

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

  /// The same through the ring: neither the path nor what belongs to it outlives the entry.
  void ArmOpen(std::string path, uint64_t user_data) {
    open_how how{.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                 .mode = 0,
                 .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    io_uring_sqe* sqe = ring().NextEntry();
    io_uring_prep_openat2(sqe, root_, path.c_str(), &how);
    Submit(sqe, user_data);
    ring().Flush();
    path.assign(path.size(), '?');
    how = {.flags = UINT64_MAX, .mode = UINT64_MAX, .resolve = UINT64_MAX};
  }
  int AwaitOpen(uint64_t user_data) {
    const int fd = AwaitEnd(user_data).res;
    return fd < 0 ? fd : Keep(fd);
  }
  int AwaitRead(int file, std::span<uint8_t> out, uint64_t offset) {
    io_uring_sqe* sqe = ring().NextEntry();
    io_uring_prep_read(sqe, file, out.data(), static_cast<unsigned>(out.size()), offset);
    Submit(sqe, ++read_user_data_);
    return AwaitEnd(read_user_data_).res;
  }

  int root_ = -1;

 private:
  uint64_t read_user_data_ = 2'000'000;
};

}  // namespace ringway::contract
