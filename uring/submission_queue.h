// SPDX-License-Identifier: Apache-2.0
//
// The submission side of a ring that no io_uring stands behind. A kernel that emulates one owns
// it, lends it as a part of its RingMemory, and takes the entries from it that were prepared.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <vector>

#include "uring/kernel.h"

namespace ringway::uring {

/// One thread, which both prepares and, within Enter, takes. It stays where it is: its addresses
/// are lent.
class SubmissionQueue {
 public:
  /// `entries`: a power of two.
  explicit SubmissionQueue(uint32_t entries) : sqes_(entries) {}
  SubmissionQueue(const SubmissionQueue&) = delete;
  SubmissionQueue& operator=(const SubmissionQueue&) = delete;

  /// Fills in what `memory` says of this queue. It is good for as long as the queue lives.
  void LendTo(RingMemory& memory) {
    memory.sqes = sqes_.data();
    memory.sq_entries = static_cast<uint32_t>(sqes_.size());
    memory.sq_head = &head_;
    memory.sq_tail = &tail_;
    memory.sq_flags = &flags_;
  }

  /// Entries that were prepared and not taken.
  uint32_t prepared() const { return tail_ - head_; }
  /// Takes the oldest of them. The entry, and what it points to, stays until Enter returns: then it
  /// may be prepared again. REQUIRES: prepared() > 0.
  const io_uring_sqe& Take() { return sqes_[head_++ & (sqes_.size() - 1)]; }
  /// IORING_SQ_*, as whoever reads the ring sees them from now on.
  void SetFlags(uint32_t flags) { flags_ = flags; }

 private:
  std::vector<io_uring_sqe> sqes_;
  uint32_t head_ = 0;
  uint32_t tail_ = 0;
  uint32_t flags_ = 0;
};

}  // namespace ringway::uring
