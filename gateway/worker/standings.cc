// SPDX-License-Identifier: Apache-2.0
//
// Lists of who asks for nothing, and who of them is the first to go.
#include "gateway/worker/standings.h"

#include <algorithm>

namespace ringway::worker {
namespace {

using base::kNoSlot;
using session::Standing;

/// Slots that are kept free for who comes next: as many as come in a turn or two. Of few slots, a
/// quarter.
uint32_t SlotsKeptFree(uint32_t count) {
  return std::max(1U, std::min(std::max(32U, count / 64), count / 4));
}

bool IsHalfOpen(Standing standing) {
  return standing == Standing::kHalfOpen || standing == Standing::kResting;
}

}  // namespace

bool Standings::Note(uint32_t session) {
  Memory& memory = parts_.memory;
  Slot& slot = parts_[session];
  const Standing now = slot.session.standing();
  half_open_ += (IsHalfOpen(now) ? 1U : 0U) - (IsHalfOpen(slot.standing) ? 1U : 0U);
  slot.standing = now;
  if (now == Standing::kSession) return false;
  if (now != Standing::kHalfOpen) {
    memory.resting.Push(memory.slots, session);
    return false;
  }
  memory.half_open.Push(memory.slots, session);
  if (!slot.session.HoldsChunk(memory.arena)) return false;
  memory.large_heads.Push(memory.slots, session);
  return true;
}

void Standings::Forget(uint32_t session) {
  Slot& slot = parts_[session];
  if (IsHalfOpen(slot.standing)) --half_open_;
  slot.standing = Standing::kSession;
}

// One whose last answer is on its way is not at rest, and is listed again when that has left; who
// does not take it goes all the same.
bool Standings::IsAtRest(uint32_t session) {
  const Slot& slot = parts_[session];
  const uint32_t client = slot.client();
  if (client == kNoSlot || parts_.links->HasDownload(client)) return false;
  const bool lingers = slot.standing == Standing::kLingering;
  if (lingers && parts_.links->IsFull(client)) return true;
  if (!lingers && slot.standing != Standing::kResting) return false;
  if (parts_.links->QueuedBytes(client) == 0) return true;
  parts_.links->sends().TellWhenBelow(client, 1);
  return false;
}

uint32_t Standings::NextToGo(uint32_t newest) {
  Memory& memory = parts_.memory;
  const uint32_t count = memory.slots.count();
  if (count - memory.slots.open() >= SlotsKeptFree(count)) return kNoSlot;
  const uint32_t resting =
      memory.resting.PopFirst(memory.slots, [&](uint32_t session) { return IsAtRest(session); });
  if (resting != kNoSlot) return resting;
  bool saw_newest = false;
  const uint32_t oldest = memory.half_open.PopFirst(memory.slots, [&](uint32_t session) {
    saw_newest |= session == newest;
    return session != newest && parts_[session].standing == Standing::kHalfOpen;
  });
  if (saw_newest) static_cast<void>(Note(newest));
  return oldest;
}

uint32_t Standings::NextLargeHead() {
  Memory& memory = parts_.memory;
  const base::AccountId heads = parts_.stores.half_open();
  if (memory.arena.held(heads) == 0 || !parts_.stores.IsHeldShareUsed(heads)) return kNoSlot;
  return memory.large_heads.PopFirst(memory.slots, [&](uint32_t session) {
    const Slot& slot = parts_[session];
    return slot.standing == Standing::kHalfOpen && slot.session.HoldsChunk(memory.arena);
  });
}

}  // namespace ringway::worker
