// SPDX-License-Identifier: Apache-2.0
//
// A worker's arena: one mapping, carved into four classes of buffers, with a reference count for
// each; and a fifth class that is only counted, since its memory is somebody else's (a file's).
// The kernel fills the receive classes; everybody else takes from the pooled ones. The arena knows
// no ring: a receive buffer whose last lease is gone waits in `PopReturned` for the room that
// offers it to the kernel again, and so does a lent one for the room that lent it.
//
//     | head-room 160 | what was received ...                      | tail-room 32 |
//
// Head-room takes what a session held back (the front of a control frame, at most 138 bytes) and
// the frame header (at most 10): so a frame that came in two pieces is whole in one place without
// a second buffer. Tail-room is there for a transport that adds a trailer.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "absl/status/statusor.h"
#include "gateway/base/check.h"
#include "gateway/base/lease.h"
#include "gateway/base/mapping.h"

namespace ringway::base {

class Arena {
 public:
  using Counts = std::array<uint32_t, kBufferClasses>;

  /// `counts`: of each class; receive classes at most 65,536 (the kernel's 16-bit ids). Accounts
  /// are 0 to `accounts` - 1.
  static absl::StatusOr<Arena> Map(const Counts& counts, uint32_t accounts = 0);

  Arena(Arena&&) = default;
  Arena& operator=(Arena&&) = default;
  /// A buffer of a pooled class, charged to `account` until its last lease is returned; or an empty
  /// lease when all are out.
  Lease TryTake(BufferClass pooled_class, AccountId account = kNoAccount);

  /// The kernel has filled receive buffer `index` of its class: this is its first lease.
  Lease Receive(BufferClass receive_class, uint32_t index);

  /// Counts leases of memory that is not the arena's, as lent buffer `index`: this is the first.
  /// `data` (may be nullptr) is not read here; it must stay until PopReturned has named the index.
  /// REQUIRES: nobody holds a lease of it, and PopReturned has named it if somebody did.
  Lease Lend(uint32_t index, const uint8_t* data);

  /// Takes back the ownership that Lease::Detach gave up.
  Lease Adopt(BufferId id) { return Lease(this, id); }

  /// Next buffer of the class (a receive class, or kLent) whose last lease was returned, as its
  /// index in the class, or kNone. At start every receive buffer is there, and no lent one.
  uint32_t PopReturned(BufferClass c);
  static constexpr uint32_t kNone = 0xffff'ffff;

  /// Excludes the first `count` buffers of a pooled class from Trim and returns their memory, for a
  /// kernel in which it is registered: that would not see new pages.
  std::span<uint8_t> Pin(BufferClass pooled_class, uint32_t count);

  /// Gives the memory of buffers that nobody leases back to the kernel, page by page. Receive
  /// buffers stay offered: they are addresses until something comes.
  void Trim();

  /// The memory outlives the arena: the kernel may still write to it.
  void Abandon() { mapping_.Abandon(); }

  uint8_t* Data(BufferId id) const {
    const BufferClass c = ClassOf(id);
    if (c == BufferClass::kLent) [[unlikely]]
      return LentData(id);
    return mapping_.data() + layout_[Index(c)].offset +
           static_cast<size_t>(id - layout_[Index(c)].first) * Stride(c) + kHeadRoomBytes;
  }
  BufferId IdOf(BufferClass c, uint32_t index) const { return layout_[Index(c)].first + index; }
  BufferClass ClassOf(BufferId id) const {
    if (id < layout_[1].first) return BufferClass::kSmall;
    if (id < layout_[2].first) return BufferClass::kBulk;
    if (id < layout_[3].first) return BufferClass::kChunk;
    return id < layout_[4].first ? BufferClass::kCell : BufferClass::kLent;
  }
  uint32_t count(BufferClass c) const { return layout_[Index(c)].count; }
  /// Buffers of the class that somebody holds a lease on.
  uint32_t leased(BufferClass c) const { return layout_[Index(c)].leased; }
  /// Whom a pooled buffer is charged to.
  AccountId account(BufferId id) const {
    return account_of_[id - layout_[Index(kFirstPooled)].first];
  }
  /// Buffers that are charged to one account, and those of a pooled class that are to any.
  uint32_t held(AccountId account) const { return held_[account]; }
  uint32_t charged(BufferClass pooled_class) const { return layout_[Index(pooled_class)].charged; }
  /// More than one lease is held: only a sole holder may write behind what it was given.
  bool IsShared(BufferId id) const { return references_[id] > 1; }
  uint8_t* memory() const { return mapping_.data(); }
  size_t memory_bytes() const { return mapping_.bytes(); }

  /// Bytes of the mapping that a buffer of the class takes, its rooms counted.
  static constexpr size_t Stride(BufferClass c) {
    if (c == BufferClass::kLent) return 0;
    return kHeadRoomBytes + kBufferBytes[static_cast<size_t>(c)] + kTailRoomBytes;
  }

 private:
  friend class Lease;

  struct ClassLayout {
    BufferId first = 0;  ///< id of its first buffer
    uint32_t count = 0;
    size_t offset = 0;  ///< of its first buffer in the mapping
    uint32_t leased = 0;
    uint32_t free_count = 0;  ///< entries in `free`
    uint32_t untouched = 0;   ///< buffers from here on were never taken
    uint32_t pinned = 0;      ///< buffers before this one keep their memory
    uint32_t charged = 0;     ///< of the leased: those that have an account
  };

  Arena() = default;
  static constexpr size_t Index(BufferClass c) { return static_cast<size_t>(c); }
  static constexpr BufferClass kFirstPooled = BufferClass::kChunk;
  void AddReference(BufferId id);
  void DropReference(BufferId id);
  uint32_t PopFree(BufferClass c);
  uint8_t* LentData(BufferId id) const;
  AccountId& AccountOf(BufferId id) { return account_of_[id - layout_[Index(kFirstPooled)].first]; }

  Mapping mapping_;
  Mapping tables_;
  uint32_t* references_ = nullptr;   ///< by BufferId. WHY 32 bits: all queues may hold one file
  uint32_t* free_ = nullptr;         ///< stacks of free indices, one region a class
  const uint8_t** lent_ = nullptr;   ///< by index in kLent
  AccountId* account_of_ = nullptr;  ///< by BufferId, from the first pooled one on
  uint32_t* held_ = nullptr;         ///< by AccountId
  std::array<ClassLayout, kBufferClasses> layout_{};
};

inline uint8_t* Lease::data() const { return arena_->Data(id_); }

inline Lease Lease::Share() const {
  arena_->AddReference(id_);
  return Lease(arena_, id_);
}

inline void Lease::Return() {
  if (arena_ != nullptr) std::exchange(arena_, nullptr)->DropReference(id_);
}

}  // namespace ringway::base
