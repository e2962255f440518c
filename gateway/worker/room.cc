// SPDX-License-Identifier: Apache-2.0
//
// Who goes when slots, or memory for heads, run short: connections that ask for nothing, before
// anybody is refused. Accept waits while there is no slot at all.
#include <algorithm>

#include "gateway/worker/worker.h"

namespace ringway::worker {
namespace {

using base::kNoSlot;
using base::LinkRole;
using session::Standing;

constexpr size_t Index(LinkRole role) { return static_cast<size_t>(role); }

/// How long accept waits before it tries again when none of our own sessions is there whose end
/// would free what was missing.
constexpr uint64_t kAcceptRetryMs = 1000;

/// Slots that are kept free for who comes next: as many as come in a turn or two. Of few slots, a
/// quarter.
uint32_t SlotsKeptFree(uint32_t count) {
  return std::max(1U, std::min(std::max(32U, count / 64), count / 4));
}

bool IsHalfOpen(Standing standing) {
  return standing == Standing::kHalfOpen || standing == Standing::kResting;
}

}  // namespace

// Accepted in the same turn as the one that took the last slot: it gets the next one.
void Worker::Park(int fd, uint32_t listener_index) {
  if (parked_.size() < parked_.capacity() && !draining_) {
    parked_.push_back({.fd = fd, .listener_index = listener_index});
  } else {
    counters_.accept_errors.Add(1);
    static_cast<void>(ring_.kernel().Close(fd));
  }
  PauseAccept("every session slot is taken");
}

void Worker::DropParked() {
  for (const Parked& parked : parked_) {
    static_cast<void>(ring_.kernel().Close(parked.fd));
  }
  counters_.accept_errors.Add(parked_.size());
  parked_.clear();
}

void Worker::PauseAccept(std::string_view why) {
  if (acceptor_.paused()) return;
  counters_.accept_paused.Add(1);
  observer_.OnAcceptPaused(why);
  acceptor_.Pause();
  memory_.wheel.Set(AcceptTimer(), environment_.now_ns / base::kNsPerMs + kAcceptRetryMs);
}

// While every slot is taken accept stays away: the end of a session brings it back.
void Worker::ResumeAccept() {
  while (!parked_.empty() && memory_.slots.open() < memory_.slots.count()) {
    const Parked next = parked_.front();
    parked_.erase(parked_.begin());
    OpenClient(next.fd, next.listener_index);
  }
  if (!acceptor_.paused() || draining_ || memory_.slots.open() == memory_.slots.count()) return;
  acceptor_.Arm(memory_.slots.count() - memory_.slots.open());
}

// After each event of a session.
void Worker::NoteStanding(uint32_t session) {
  Slot& slot = memory_.slots[session];
  const Standing now = slot.session.standing();
  half_open_ += (IsHalfOpen(now) ? 1U : 0U) - (IsHalfOpen(slot.standing) ? 1U : 0U);
  slot.standing = now;
  if (now == Standing::kSession) return;
  if (now != Standing::kHalfOpen) return memory_.resting.Push(memory_.slots, session);
  memory_.half_open.Push(memory_.slots, session);
  if (!slot.session.HoldsChunk(memory_.arena)) return;
  memory_.large_heads.Push(memory_.slots, session);
  ShortenHeads();
}

void Worker::Forget(Slot& slot) {
  if (IsHalfOpen(slot.standing)) --half_open_;
  slot.standing = Standing::kSession;
}

// A client has taken a slot. `newest` is that client's session; it is not evicted.
void Worker::MakeRoom(uint32_t newest) {
  if (memory_.slots.count() - memory_.slots.open() >= SlotsKeptFree(memory_.slots.count())) return;
  const uint32_t resting = memory_.resting.PopFirst(memory_.slots, [&](uint32_t session) {
    const Slot& slot = memory_.slots[session];
    const uint32_t client = slot.links[Index(LinkRole::kClient)];
    if (client == kNoSlot || memory_.links[client].dropping || slot.download != kNoSlot)
      return false;
    // One whose last answer is on its way is not at rest; who does not take it goes all the same.
    const write::SendState& send = memory_.links[client].send;
    const bool is_over = slot.standing == Standing::kLingering && send.full;
    const bool is_at_rest =
        slot.standing == Standing::kResting || slot.standing == Standing::kLingering;
    return is_over || (is_at_rest && send.queue.empty());
  });
  if (resting != kNoSlot) return Evict(resting);
  bool saw_newest = false;
  const uint32_t oldest = memory_.half_open.PopFirst(memory_.slots, [&](uint32_t session) {
    saw_newest |= session == newest;
    return session != newest && memory_.slots[session].standing == Standing::kHalfOpen;
  });
  if (saw_newest) NoteStanding(newest);
  if (oldest != kNoSlot) Evict(oldest);
}

// Heads that are under way have their share of the chunks: the oldest make room for the newest.
// Once a turn too, because what handshakes hold makes that share smaller.
void Worker::ShortenHeads() {
  while (stores_.arena().held(stores_.half_open()) > 0 &&
         stores_.IsHeldShareUsed(stores_.half_open())) {
    const uint32_t oldest = memory_.large_heads.PopFirst(memory_.slots, [&](uint32_t session) {
      const Slot& slot = memory_.slots[session];
      return slot.standing == Standing::kHalfOpen && slot.session.HoldsChunk(memory_.arena);
    });
    if (oldest == kNoSlot) return;
    Evict(oldest);
  }
}

void Worker::Evict(uint32_t session) {
  Slot& slot = memory_.slots[session];
  slot.session.OnEvicted(environment_, intents_);
  CarryOut(session);
}

}  // namespace ringway::worker
