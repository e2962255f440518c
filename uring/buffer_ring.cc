// SPDX-License-Identifier: Apache-2.0
//
// Registering a provided-buffer ring by hand: liburing 2.3 has no io_uring_setup_buf_ring.
#include "uring/buffer_ring.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace ringway::uring {

absl::StatusOr<BufferRing> BufferRing::Register(Kernel& kernel, uint16_t group, uint32_t entries) {
  const size_t bytes = entries * sizeof(io_uring_buf);
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) {
    return absl::ResourceExhaustedError(absl::StrCat("cannot map ", bytes, " bytes for a ring of ",
                                                     entries,
                                                     " receive buffers: ", std::strerror(errno)));
  }
  const io_uring_buf_reg registration{
      .ring_addr = reinterpret_cast<uint64_t>(at), .ring_entries = entries, .bgid = group};
  const int result = kernel.RegisterBufferRing(registration);
  if (result < 0) {
    munmap(at, bytes);
    return absl::FailedPreconditionError(absl::StrCat(
        "the kernel refuses a ring of ", entries, " receive buffers: ", std::strerror(-result),
        "; provided-buffer rings need Linux 5.19 or later"));
  }
  BufferRing ring;
  ring.kernel_ = &kernel;
  ring.ring_ = static_cast<io_uring_buf_ring*>(at);
  ring.ring_bytes_ = bytes;
  ring.mask_ = entries - 1;
  ring.group_ = group;
  io_uring_buf_ring_init(ring.ring_);
  return ring;
}

BufferRing::BufferRing(BufferRing&& from) noexcept { *this = std::move(from); }

BufferRing& BufferRing::operator=(BufferRing&& from) noexcept {
  std::swap(kernel_, from.kernel_);
  std::swap(ring_, from.ring_);
  std::swap(ring_bytes_, from.ring_bytes_);
  std::swap(mask_, from.mask_);
  std::swap(added_, from.added_);
  std::swap(group_, from.group_);
  return *this;
}

BufferRing::~BufferRing() {
  if (ring_ == nullptr) return;
  kernel_->UnregisterBufferRing(group_);
  munmap(ring_, ring_bytes_);
}

}  // namespace ringway::uring
