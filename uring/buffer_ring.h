// SPDX-License-Identifier: Apache-2.0
//
// A provided-buffer ring: buffers that somebody else owns, offered to the kernel under a group
// number. A receive takes the next one when data is there, not before: an idle socket holds none.
#pragma once

#include <liburing.h>

#include <cstdint>

#include "absl/status/statusor.h"
#include "uring/kernel.h"

namespace ringway::uring {

/// One thread. Unregisters at its end: no receive of the group may be armed then.
class BufferRing {
 public:
  /// `entries`: a power of two, at most 32,768. The kernel must outlive it.
  static absl::StatusOr<BufferRing> Register(Kernel& kernel, uint16_t group, uint32_t entries);

  BufferRing(BufferRing&& from) noexcept;
  BufferRing& operator=(BufferRing&& from) noexcept;
  BufferRing(const BufferRing&) = delete;
  BufferRing& operator=(const BufferRing&) = delete;
  ~BufferRing();

  /// Offers a buffer with the next Publish. REQUIRES: fewer than `entries` are offered.
  void Add(uint8_t* data, uint32_t bytes, uint16_t index) {
    io_uring_buf_ring_add(ring_, data, bytes, index, static_cast<int>(mask_), added_++);
  }
  /// Shows the kernel what was added: one store for all of them.
  void Publish() {
    if (added_ == 0) return;
    io_uring_buf_ring_advance(ring_, added_);
    added_ = 0;
  }

  uint16_t group() const { return group_; }

 private:
  BufferRing() = default;

  Kernel* kernel_ = nullptr;
  io_uring_buf_ring* ring_ = nullptr;
  size_t ring_bytes_ = 0;
  uint32_t mask_ = 0;
  int added_ = 0;
  uint16_t group_ = 0;
};

}  // namespace ringway::uring
