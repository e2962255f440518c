// SPDX-License-Identifier: Apache-2.0
//
// Notes are read in the order in which completions are: the one in which they were posted.
#include "tests/sim/completions.h"

#include <algorithm>

namespace ringway::sim {

void Completions::Post(const Completion& completion) {
  queue_.Post(
      {.user_data = completion.user_data, .res = completion.res, .flags = completion.flags});
  notes_.push_back({completion.res, completion.group, completion.nature});
}

void Completions::NoteReaped() {
  for (; noted_ != queue_.read(); ++noted_) {
    const Note& note = notes_.front();
    const auto nature = static_cast<size_t>(note.nature);
    ++reaped_[nature];
    if (note.res > 0) bytes_[nature] += static_cast<uint64_t>(note.res);
    notes_.pop_front();
  }
}

template <typename Matches>
uint32_t Completions::CountUnread(Matches&& matches) const {
  const auto first = notes_.begin() + static_cast<ptrdiff_t>(queue_.read() - noted_);
  return static_cast<uint32_t>(std::count_if(first, notes_.end(), matches));
}

uint32_t Completions::unread_buffers(int group) const {
  return CountUnread([&](const Note& note) { return note.group == group; });
}

uint32_t Completions::unread(Nature nature) const {
  return CountUnread([&](const Note& note) { return note.nature == nature; });
}

}  // namespace ringway::sim
