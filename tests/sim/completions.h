// SPDX-License-Identifier: Apache-2.0
//
// The completion queue of the simulated kernel, with a note beside each completion: what it is, and
// in whose buffer. What the worker has taken is counted, so that its own counters can be compared.
#pragma once

#include <array>
#include <cstdint>
#include <deque>

#include "uring/completion_queue.h"

namespace ringway::sim {

inline constexpr int kNoGroup = -1;

/// What a completion is, beside what it says.
enum class Nature : uint8_t {
  kOther,
  kAccepted,      ///< names a new descriptor
  kAcceptFailed,  ///< an error that is no cancel
  kReceived,
  kStarved,
  kSent,
  kGhost,  ///< came after its descriptor was closed
};
inline constexpr size_t kNatures = 7;

struct Completion {
  uint64_t user_data = 0;
  int32_t res = 0;
  uint32_t flags = 0;
  int group = kNoGroup;  ///< of the buffer that it names
  Nature nature = Nature::kOther;
};

class Completions {
 public:
  explicit Completions(uint32_t entries) : queue_(entries) {}

  void LendTo(uring::RingMemory& memory) { queue_.LendTo(memory); }
  void Post(const Completion& completion);
  void Refill() { queue_.Refill(); }
  /// Takes note of what the worker has read since.
  void NoteReaped();

  bool HasRoom() const { return queue_.HasRoom(); }
  uint32_t ready() const { return queue_.ready(); }
  bool overflown() const { return queue_.overflown(); }
  /// Buffers of the group that are named by completions which the worker has not read.
  uint32_t unread_buffers(int group) const;
  uint32_t unread(Nature nature) const;
  /// Completions that the worker has read, and the sum of their results.
  uint64_t reaped(Nature nature) const { return reaped_[static_cast<size_t>(nature)]; }
  uint64_t reaped_bytes(Nature nature) const { return bytes_[static_cast<size_t>(nature)]; }

 private:
  struct Note {
    int32_t res;
    int group;
    Nature nature;
  };
  template <typename Matches>
  uint32_t CountUnread(Matches&& matches) const;

  uring::CompletionQueue queue_;
  std::deque<Note> notes_;  ///< of all that was posted and whose reading is not yet noted
  uint32_t noted_ = 0;
  std::array<uint64_t, kNatures> reaped_{};
  std::array<uint64_t, kNatures> bytes_{};
};

}  // namespace ringway::sim
