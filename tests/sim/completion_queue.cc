// SPDX-License-Identifier: Apache-2.0
//
// Posting, overflowing, and what was read.
#include "tests/sim/completion_queue.h"

namespace ringway::sim {

void CompletionQueue::Write(const Completion& completion) {
  const uint32_t at = tail_ & (entries() - 1);
  // WHY not assignment: the structure ends in a flexible array.
  cqes_[at].user_data = completion.user_data;
  cqes_[at].res = completion.res;
  cqes_[at].flags = completion.flags;
  notes_[at] = {completion.group, completion.nature};
  ++tail_;
}

void CompletionQueue::Post(const Completion& completion) {
  if (HasRoom()) return Write(completion);
  overflow_.push_back(completion);
}

void CompletionQueue::Refill() {
  while (!overflow_.empty() && ready() < entries()) {
    Write(overflow_.front());
    overflow_.pop_front();
  }
}

void CompletionQueue::NoteReaped() {
  for (; noted_ != head_; ++noted_) {
    const uint32_t at = noted_ & (entries() - 1);
    const auto nature = static_cast<size_t>(notes_[at].nature);
    ++reaped_[nature];
    if (cqes_[at].res > 0) bytes_[nature] += static_cast<uint64_t>(cqes_[at].res);
  }
}

template <typename Visit>
void CompletionQueue::ForUnread(Visit&& visit) const {
  for (uint32_t i = head_; i != tail_; ++i) {
    const Note& note = notes_[i & (entries() - 1)];
    visit(note.group, note.nature);
  }
  for (const Completion& completion : overflow_) visit(completion.group, completion.nature);
}

uint32_t CompletionQueue::unread_buffers(int group) const {
  uint32_t count = 0;
  ForUnread([&](int of, Nature) { count += of == group ? 1 : 0; });
  return count;
}

uint32_t CompletionQueue::unread(Nature nature) const {
  uint32_t count = 0;
  ForUnread([&](int, Nature of) { count += of == nature ? 1 : 0; });
  return count;
}

}  // namespace ringway::sim
