// SPDX-License-Identifier: Apache-2.0
//
// What links tell becomes events of their sessions.
#include <utility>

#include "gateway/base/check.h"
#include "gateway/worker/remote_address.h"
#include "gateway/worker/sessions.h"

namespace ringway::worker {

using base::kNoSlot;
using base::LinkRole;
using links::Owner;

uint64_t Sessions::OnBytes(Owner owner, base::Piece piece) {
  Slot& slot = parts_[owner.index];
  const uint32_t bytes = piece.bytes;
  slot.bytes_in[Index(owner.role)] += bytes;
  (owner.role == LinkRole::kClient ? parts_.counters.client_bytes_in
                                   : parts_.counters.backend_bytes_in)
      .Add(bytes);
  const session::State before = slot.session.state();
  const uint64_t frames_before = parts_.environment.frames_read;
  slot.session.OnBytes(parts_.environment, owner.role, std::move(piece), parts_.intents);
  const uint64_t frames = parts_.environment.frames_read - frames_before;
  CarryOutAll(owner.index);
  // Bytes change how a session reads, and what it is, only with its state.
  if (slot.session.state() != before || before == session::State::kHandshake) [[unlikely]] {
    SetRules(owner.index);
    Note(owner.index);
  }
  return frames;
}

size_t Sessions::OnSpliced(Owner owner, uint32_t bytes, std::span<uint8_t> ahead) {
  Slot& slot = parts_[owner.index];
  slot.bytes_in[Index(owner.role)] += bytes;
  slot.bytes_spliced[Index(owner.role)] += bytes;
  (owner.role == LinkRole::kClient ? parts_.counters.client_bytes_in
                                   : parts_.counters.backend_bytes_in)
      .Add(bytes);
  return slot.session.OnSplice(parts_.environment, owner.role, bytes, ahead);
}

void Sessions::OnSent(Owner owner, uint32_t bytes) {
  Slot& slot = parts_[owner.index];
  slot.bytes_out[Index(owner.role)] += bytes;
  slot.session.OnSent(owner.role, parts_.now_ns());
  (owner.role == LinkRole::kClient ? parts_.counters.client_bytes_out
                                   : parts_.counters.backend_bytes_out)
      .Add(bytes);
}

void Sessions::OnEnd(Owner owner, base::LinkEnd end) {
  Slot& slot = parts_[owner.index];
  // Its end has been reached in order.
  if (owner.role == LinkRole::kBackend) slot.backend_left = false;
  slot.session.OnEnd(parts_.environment, owner.role, end, parts_.intents);
  CarryOut(owner.index);
}

// Until a receive tells of it whoever keeps the log knows of it.
void Sessions::OnEndNoted(Owner owner) {
  if (!std::exchange(parts_[owner.index].backend_left, true)) parts_.counters.backends_left.Add(1);
}

void Sessions::OnDialled(Owner owner, dial::DialOutcome outcome, int result) {
  Slot& slot = parts_[owner.index];
  if (outcome != dial::DialOutcome::kConnected) {
    dials_.TellFailed(owner.index, outcome, result);
    slot.session.OnDialFailed(parts_.environment, dial::Describe(outcome), NextServerAfter(outcome),
                              parts_.intents);
    return CarryOut(owner.index);
  }
  base::SocketAddress reached;
  if (slot.client() != kNoSlot && slot.session.WantsReached(parts_.environment)) {
    sockaddr_storage local{};
    const int fd = parts_.links->DescriptorOf(slot.client());
    if (parts_.ring.kernel().LocalAddress(fd, &local) == 0) reached = FromSockaddr(local);
  }
  slot.session.OnDialed(parts_.environment, reached, parts_.intents);
  CarryOut(owner.index);
}

// The queue of one of its links is shorter: who is read into it goes on, and the session, if it
// asked.
void Sessions::OnBelow(Owner owner) {
  const uint32_t session = owner.index;
  Slot& slot = parts_[session];
  for (const uint32_t link : slot.links) {
    if (link != kNoSlot) parts_.links->Resume(link);
  }
  if (owner.role != LinkRole::kClient) return;
  Note(session);
  if (TellBelow(session)) CarryOut(session);
}

void Sessions::OnExhausted(Owner owner) {
  parts_[owner.index].session.OnPoolExhausted(parts_.environment, parts_.intents);
  CarryOut(owner.index);
}

void Sessions::OnTorn(Owner owner) { Cut(owner.index); }

void Sessions::OnFileBroken(Owner owner, links::FileFault fault) {
  parts_[owner.index].session.OnFileBroken(parts_.environment,
                                           fault == links::FileFault::kChanged
                                               ? session::FileFault::kChanged
                                               : session::FileFault::kUnreadable,
                                           parts_.intents);
  CarryOut(owner.index);
}

void Sessions::OnDropped(Owner owner, uint32_t link) {
  uint32_t& current = parts_[owner.index].links[Index(owner.role)];
  if (current == link) current = kNoSlot;
}

void Sessions::OnFreed(Owner owner) {
  const uint32_t session = owner.index;
  Slot& slot = parts_[session];
  RINGWAY_CHECK_OP(slot.held, >, 0);
  if (--slot.held == 0) return parts_.memory.ended.Push(session);
  // Who was read into its queue goes on, if only to its own end.
  SetRules(session);
  if (slot.dial_waits) DialAtLast(session);
}

// It may have ended meanwhile.
void Sessions::DialAtLast(uint32_t session) {
  Slot& slot = parts_[session];
  slot.dial_waits = false;
  if (slot.session.state() != session::State::kDialing) return;
  const dial::DialOutcome outcome = dials_.Dial(session);
  if (outcome == dial::DialOutcome::kConnected) return;
  slot.session.OnDialFailed(parts_.environment, dial::Describe(outcome), NextServerAfter(outcome),
                            parts_.intents);
  CarryOut(session);
}

}  // namespace ringway::worker
