// SPDX-License-Identifier: Apache-2.0
//
// Posting, and what happens when the queue is full.
#include "uring/completion_queue.h"

namespace ringway::uring {

void CompletionQueue::LendTo(RingMemory& memory) {
  memory.cqes = cqes_.data();
  memory.cq_entries = entries();
  memory.cq_head = &head_;
  memory.cq_tail = &tail_;
}

void CompletionQueue::Write(const Completion& completion) {
  io_uring_cqe& to = cqes_[tail_ & (entries() - 1)];
  // WHY not assignment: the structure ends in a flexible array.
  to.user_data = completion.user_data;
  to.res = completion.res;
  to.flags = completion.flags;
  ++tail_;
}

void CompletionQueue::Post(const Completion& completion) {
  if (HasRoom()) return Write(completion);
  list_.push_back(completion);
}

void CompletionQueue::Refill() {
  while (!list_.empty() && ready() < entries()) {
    Write(list_.front());
    list_.pop_front();
  }
}

}  // namespace ringway::uring
