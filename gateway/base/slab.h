// SPDX-License-Identifier: Apache-2.0
//
// A slab: slots of one type in one mapping of fixed bound. Opening and closing a slot allocates
// nothing; memory is touched when a slot is first used; a slot closed last is opened first, while
// it is warm. Each life of a slot has a generation, so that news for a dead one is recognised.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

#include "absl/status/statusor.h"
#include "gateway/base/check.h"
#include "gateway/base/ids.h"
#include "gateway/base/mapping.h"

namespace ringway::base {

/// One thread. `T` is constructed by Open and destroyed by Close; its address is stable between.
template <typename T>
class Slab {
 public:
  /// Room for `count` slots; `what` names them in an error.
  static absl::StatusOr<Slab> Map(uint32_t count, const char* what) {
    auto mapping = Mapping::Reserve(count * sizeof(Slot), what);
    if (!mapping.ok()) return mapping.status();
    return Slab(*std::move(mapping), count);
  }

  Slab(Slab&&) noexcept = default;
  Slab& operator=(Slab&&) noexcept = default;
  ~Slab() { RINGWAY_CHECK_OP(open_, ==, 0); }

  /// A new T in a free slot, or kNoSlot when all are open.
  template <typename... Arguments>
  uint32_t TryOpen(Arguments&&... arguments) {
    uint32_t index = free_;
    if (index != kNoSlot) {
      free_ = slots()[index].next_free();
    } else if (untouched_ < count_) {
      index = untouched_++;
    } else {
      return kNoSlot;
    }
    Slot& slot = slots()[index];
    slot.life |= kOpen;
    new (slot.storage) T(std::forward<Arguments>(arguments)...);
    ++open_;
    return index;
  }

  /// Destroys the slot's T. REQUIRES: the slot is open.
  void Close(uint32_t index) {
    Slot& slot = slots()[index];
    RINGWAY_CHECK(IsOpen(index));
    slot.value().~T();
    slot.life = (slot.life + 1) & kGenerationMask;
    slot.SetNextFree(free_);
    free_ = index;
    --open_;
  }

  /// Forgets what is open, for an end that is not in order; nothing may be opened afterwards.
  void Abandon() {
    static_assert(std::is_trivially_destructible_v<T>);
    open_ = 0;
  }

  /// REQUIRES: the slot is open.
  T& operator[](uint32_t index) { return slots()[index].value(); }

  /// The slot's T, or nullptr when this life of the slot is over.
  T* Find(uint32_t index, uint32_t generation) {
    if (index >= untouched_) return nullptr;
    Slot& slot = slots()[index];
    if (slot.life != (generation | kOpen)) return nullptr;
    return &slot.value();
  }

  bool IsOpen(uint32_t index) { return index < untouched_ && (slots()[index].life & kOpen) != 0; }
  uint32_t generation(uint32_t index) { return slots()[index].life & kGenerationMask; }
  uint32_t open() const { return open_; }
  uint32_t count() const { return count_; }
  /// Slots below this index were used at least once; a walk over all open slots ends here.
  uint32_t touched() const { return untouched_; }

 private:
  /// Of Slot::life: a T lives in it.
  static constexpr uint32_t kOpen = 0x8000'0000;
  static_assert((kGenerationMask & kOpen) == 0);

  struct Slot {
    uint32_t life;  ///< its generation, and kOpen
    /// A T, or the index of the next free slot: a link has room for four bytes of bookkeeping, not
    /// for eight.
    alignas(T) unsigned char storage[std::max(sizeof(T), sizeof(uint32_t))];

    T& value() { return *std::launder(reinterpret_cast<T*>(storage)); }
    uint32_t next_free() const {
      uint32_t next;
      std::memcpy(&next, storage, sizeof next);
      return next;
    }
    void SetNextFree(uint32_t next) { std::memcpy(storage, &next, sizeof next); }
  };

 public:
  /// What one slot costs.
  static constexpr size_t kSlotBytes = sizeof(Slot);

 private:
  Slab(Mapping mapping, uint32_t count) : mapping_(std::move(mapping)), count_(count) {}

  Slot* slots() { return reinterpret_cast<Slot*>(mapping_.data()); }

  Mapping mapping_;
  uint32_t count_ = 0;
  uint32_t open_ = 0;
  uint32_t untouched_ = 0;
  uint32_t free_ = kNoSlot;
};

}  // namespace ringway::base
