// SPDX-License-Identifier: Apache-2.0
//
// Slots in the order in which they came into some state. Who leaves the state stays in the list and
// is recognised when its turn comes: so entering, leaving and taking the oldest are all cheap.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "gateway/base/fifo.h"
#include "gateway/base/slab.h"
#include "gateway/worker/slots.h"

namespace ringway::worker {

/// A slot stands in it once at most, which a bit of Slot::listed says. One thread.
class SlotList {
 public:
  static constexpr uint8_t kHalfOpen = 1;
  static constexpr uint8_t kLargeHead = 2;
  static constexpr uint8_t kResting = 4;

  /// Room for `sessions` slots, and as many that are over.
  static absl::StatusOr<SlotList> Map(uint32_t sessions, uint8_t bit) {
    auto slots = base::Fifo<SlotId>::Map(2 * sessions, "list of slots");
    if (!slots.ok()) return slots.status();
    return SlotList(*std::move(slots), bit);
  }

  void Push(base::Slab<Slot>& slots, uint32_t slot) {
    if ((slots[slot].listed & bit_) != 0) return;
    if (ids_.full()) ForgetDead(slots);
    slots[slot].listed |= bit_;
    ids_.Push({slot, slots.generation(slot)});
  }

  /// Takes slots out until one is found that `matches`, which it returns; or kNoSlot.
  template <typename Matches>
  uint32_t PopFirst(base::Slab<Slot>& slots, Matches&& matches) {
    while (!ids_.empty()) {
      const SlotId id = ids_.Pop();
      Slot* slot = slots.Find(id.slot, id.generation);
      if (slot == nullptr) continue;
      slot->listed &= static_cast<uint8_t>(~bit_);
      if (matches(id.slot)) return id.slot;
    }
    return base::kNoSlot;
  }

 private:
  SlotList(base::Fifo<SlotId> ids, uint8_t bit) : ids_(std::move(ids)), bit_(bit) {}

  // Each that lives stands there once, so at least half of the list is free afterwards.
  void ForgetDead(base::Slab<Slot>& slots) {
    for (uint32_t count = ids_.size(); count > 0; --count) {
      const SlotId id = ids_.Pop();
      if (slots.Find(id.slot, id.generation) != nullptr) ids_.Push(id);
    }
  }

  base::Fifo<SlotId> ids_;
  uint8_t bit_;
};

}  // namespace ringway::worker
