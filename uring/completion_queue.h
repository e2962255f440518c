// SPDX-License-Identifier: Apache-2.0
//
// The completion side of a ring that no io_uring stands behind: a queue that the worker reads, and
// behind it the list where completions wait that found it full. None is lost, as with
// IORING_FEAT_NODROP. A kernel that emulates a ring owns it and lends it as a part of its
// RingMemory.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <deque>
#include <vector>

#include "uring/kernel.h"

namespace ringway::uring {

/// What an io_uring_cqe says.
struct Completion {
  uint64_t user_data = 0;
  int32_t res = 0;     ///< or a negative errno
  uint32_t flags = 0;  ///< IORING_CQE_F_*, with the buffer's number
};

/// One thread, which both reads and, within Enter, posts. It stays where it is: its addresses are
/// lent. Allocates only where the list grows.
class CompletionQueue {
 public:
  /// `entries`: a power of two.
  explicit CompletionQueue(uint32_t entries) : cqes_(entries) {}
  CompletionQueue(const CompletionQueue&) = delete;
  CompletionQueue& operator=(const CompletionQueue&) = delete;

  /// Fills in what `memory` says of this queue. It is good for as long as the queue lives.
  void LendTo(RingMemory& memory);

  /// To the end of the queue or, if that is full or the list holds some, of the list: the order in
  /// which completions are posted is the order in which they are read.
  void Post(const Completion& completion);
  /// Moves what waits in the list to the queue, as far as there is room. To be called on each entry
  /// into the kernel.
  void Refill();

  /// The next completion goes to the queue. Where it does not, io_uring ends a multishot operation
  /// with it, and so must whoever emulates one.
  bool HasRoom() const { return ready() < entries() && list_.empty(); }
  /// Those in the queue that the worker has not read.
  uint32_t ready() const { return tail_ - head_; }
  /// Some wait in the list: IORING_SQ_CQ_OVERFLOW tells the worker to enter for them.
  bool overflown() const { return !list_.empty(); }
  uint32_t entries() const { return static_cast<uint32_t>(cqes_.size()); }
  /// How many the worker has read in all, modulo 2^32.
  uint32_t read() const { return head_; }

 private:
  void Write(const Completion& completion);

  std::vector<io_uring_cqe> cqes_;
  std::deque<Completion> list_;
  uint32_t head_ = 0;
  uint32_t tail_ = 0;
};

}  // namespace ringway::uring
