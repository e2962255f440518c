// SPDX-License-Identifier: Apache-2.0
//
// The submission loop of one thread: prepare entries, enter once a turn, read completions. Set-up
// and entry are the Kernel's; this class is the bookkeeping of the two queues.
#pragma once

#include <liburing.h>

#include <atomic>
#include <cstdint>
#include <span>

#include "uring/kernel.h"

namespace ringway::uring {

class Ring {
 public:
  /// The kernel must outlive the ring.
  explicit Ring(Kernel& kernel);
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  /// The next entry to fill with an io_uring_prep_*; it is submitted with the next Turn. When the
  /// queue is full it is handed to the kernel first, so there always is one.
  io_uring_sqe* NextEntry() {
    if (tail_ - LoadAcquire(memory_.sq_head) >= memory_.sq_entries) [[unlikely]]
      Flush();
    return &memory_.sqes[tail_++ & (memory_.sq_entries - 1)];
  }

  /// Hands over all that was prepared, without waiting: what it pointed to may be used again.
  void Flush();

  /// Hands over what was prepared and waits for at least one completion, at most `timeout_ns`.
  /// Does not wait when completions are already there. Returns 0, or the negative errno of an
  /// entry that failed for good. A timeout, a signal and a passing want of memory are no failure:
  /// what was not taken is offered again with the next turn.
  [[nodiscard]] int Turn(uint64_t timeout_ns);

  /// Copies out and consumes up to out.size() completions; the number of them.
  size_t Reap(std::span<io_uring_cqe> out);

  /// Completions that wait to be reaped.
  uint32_t ready() const { return LoadAcquire(memory_.cq_tail) - *memory_.cq_head; }
  /// Whether completions wait, in the queue or, where it was full, behind it in the kernel.
  bool HasUnreaped() const {
    return ready() > 0 || (LoadAcquire(memory_.sq_flags) & IORING_SQ_CQ_OVERFLOW) != 0;
  }
  /// Entries that are prepared and not yet taken.
  uint32_t prepared() const { return tail_ - LoadAcquire(memory_.sq_head); }
  /// Times that submissions were handed over within a turn.
  uint64_t flushes() const { return flushes_; }

  Kernel& kernel() { return kernel_; }
  FeatureSet features() const { return kernel_.features(); }

 private:
  // The kernel is the other thread: it moves sq_head and cq_tail with release, and reads what we
  // move with acquire.
  static uint32_t LoadAcquire(const uint32_t* word) {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
  }
  static void StoreRelease(uint32_t* word, uint32_t value) {
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
  }

  Kernel& kernel_;
  const RingMemory memory_;
  uint32_t tail_;
  uint64_t flushes_ = 0;
};

}  // namespace ringway::uring
