// SPDX-License-Identifier: Apache-2.0
//
// The completion side of a ring in memory: a queue that the worker reads, and behind it the list
// where completions wait that found it full. What the worker has taken is counted, so that its own
// counters can be compared.
#pragma once

#include <liburing.h>

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

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

class CompletionQueue {
 public:
  explicit CompletionQueue(uint32_t entries) : cqes_(entries), notes_(entries) {}

  void Post(const Completion& completion);
  /// Moves what waited in the list to the queue, as far as there is room.
  void Refill();
  /// Takes note of what the worker has read since.
  void NoteReaped();

  bool HasRoom() const { return tail_ - head_ < cqes_.size() && overflow_.empty(); }
  uint32_t ready() const { return tail_ - head_; }
  bool overflown() const { return !overflow_.empty(); }
  /// Buffers of the group that are named by completions which the worker has not read.
  uint32_t unread_buffers(int group) const;
  uint32_t unread(Nature nature) const;
  /// Completions that the worker has read, and the sum of their results.
  uint64_t reaped(Nature nature) const { return reaped_[static_cast<size_t>(nature)]; }
  uint64_t reaped_bytes(Nature nature) const { return bytes_[static_cast<size_t>(nature)]; }

  io_uring_cqe* cqes() { return cqes_.data(); }
  uint32_t entries() const { return static_cast<uint32_t>(cqes_.size()); }
  uint32_t* head() { return &head_; }
  const uint32_t* tail() const { return &tail_; }

 private:
  struct Note {
    int group;
    Nature nature;
  };
  template <typename Visit>
  void ForUnread(Visit&& visit) const;
  void Write(const Completion& completion);

  std::vector<io_uring_cqe> cqes_;
  std::vector<Note> notes_;
  std::deque<Completion> overflow_;
  uint32_t head_ = 0;
  uint32_t tail_ = 0;
  uint32_t noted_ = 0;
  std::array<uint64_t, kNatures> reaped_{};
  std::array<uint64_t, kNatures> bytes_{};
};

}  // namespace ringway::sim
