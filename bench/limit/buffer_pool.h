// SPDX-License-Identifier: Apache-2.0
//
// Receive buffers of one direction, offered to the kernel as a provided-buffer ring.
#pragma once

#include <liburing.h>

#include <cstdint>

#include "absl/status/status.h"

namespace ringway::limit {

/// One thread's. A buffer belongs to the kernel until a receive completion names it, then to the
/// caller until Return.
class BufferPool {
 public:
  BufferPool() = default;
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;
  ~BufferPool();

  /// Maps `count` (a power of two) buffers and registers them as buffer group `group`.
  absl::Status Open(io_uring& ring, int group, uint32_t count, uint32_t buffer_bytes);

  uint8_t* At(uint16_t buffer) { return memory_ + static_cast<size_t>(buffer) * stride_; }

  /// A receive completion named a buffer.
  void OnTaken() { --offered_; }

  /// The kernel sees returned buffers at the next Publish.
  void Return(uint16_t buffer) {
    io_uring_buf_ring_add(entries_, At(buffer), buffer_bytes_, buffer, mask_, returned_++);
  }

  void Publish() {
    if (returned_ == 0) return;
    io_uring_buf_ring_advance(entries_, returned_);
    offered_ += static_cast<uint32_t>(returned_);
    returned_ = 0;
  }

  /// Buffers that the kernel has.
  uint32_t offered() const { return offered_; }

 private:
  io_uring_buf_ring* entries_ = nullptr;
  uint8_t* memory_ = nullptr;
  size_t entries_bytes_ = 0;
  size_t memory_bytes_ = 0;
  size_t stride_ = 0;
  uint32_t buffer_bytes_ = 0;
  int mask_ = 0;
  int returned_ = 0;
  uint32_t offered_ = 0;
};

}  // namespace ringway::limit
