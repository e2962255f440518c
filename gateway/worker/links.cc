// SPDX-License-Identifier: Apache-2.0
//
// The life of links: opened, read as credit allows, sent to once a turn, half-closed, freed when
// the kernel holds nothing of theirs any more.
#include <algorithm>
#include <utility>

#include "gateway/worker/remote_address.h"
#include "gateway/worker/worker.h"
#include "uring/user_data.h"

namespace ringway::worker {
namespace {

using base::kNoSlot;
using base::LinkId;
using base::LinkRole;

constexpr size_t Index(LinkRole role) { return static_cast<size_t>(role); }

/// How long accept waits before it tries again when none of our own sessions is there whose end
/// would free what was missing.
constexpr uint64_t kAcceptRetryMs = 1000;

/// What a receive brings at most before all others have had their turn: each session's share of so
/// many bytes, and at least one bulk buffer. WHY: a flood of a whole window in one turn, both ways,
/// takes the kernel more than a millisecond, and a quiet session's message waits for several turns.
constexpr uint32_t kTurnBytes = 4 * 1024 * 1024;
constexpr uint32_t kShareBytesMin = 64 * 1024;

}  // namespace

uint32_t Worker::TryOpenLink(int fd, uint32_t session, LinkRole role) {
  const uint32_t index = memory_.links.TryOpen();
  if (index == kNoSlot) return kNoSlot;
  Link& link = memory_.links[index];
  link.fd = fd;
  link.session = session;
  link.role = role;
  memory_.slots[session].links[Index(role)] = index;
  return index;
}

void Worker::OpenClient(int fd, uint32_t listener_index) {
  sockaddr_storage remote{};
  static_cast<void>(ring_.kernel().SetNoDelay(fd));  // without it a session is slower, no more
  if (ring_.kernel().RemoteAddress(fd, &remote) != 0) {
    // The client has reset the connection already, and nobody could be counted or answered.
    counters_.accept_errors.Add(1);
    static_cast<void>(ring_.kernel().Close(fd));
    return;
  }
  const uint32_t session =
      memory_.slots.TryOpen(listener_index, FromSockaddr(remote), environment_.now_ns);
  if (session == kNoSlot) return Park(fd, listener_index);
  const uint32_t link = TryOpenLink(fd, session, LinkRole::kClient);
  RINGWAY_CHECK(link != kNoSlot);  // there are two for each session
  Slot& slot = memory_.slots[session];
  slot.session.Begin(environment_, intents_);
  CarryOut(session);
  ArmReceives(session);  // a refusal may have dropped the link already
  if (memory_.slots.open() == memory_.slots.count()) PauseAccept("every session slot is taken");
  if (draining_) {
    slot.session.OnDrain(environment_, intents_);
    CarryOut(session);
  }
}

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

// Ends a receive early where the kernel does not: at the worker's budget, at the credit of a
// receive without a cap, and for a change of buffer class. What one turn delivers more is the
// overrun.
void Worker::StopReceive(uint32_t index) {
  Link& link = memory_.links[index];
  if (!link.receive.armed) return;
  const bool changes_way =
      link.receive.buffer_class != link.receive.armed_class || IsSpliced(index);
  if (!changes_way && !budget_.exhausted() && link.credit.Left(limits_.window_bytes) > 0) return;
  if (receiver_->Cancel(IdOf(index), link.receive)) ++link.in_flight;
}

void Worker::ArmReceive(uint32_t index) {
  Link& link = memory_.links[index];
  if (link.receive.armed || link.receive.ended || link.dropping || link.waiting ||
      link.connecting) {
    return;
  }
  // What it sent before has to leave the pipe first: its end would take the pipe along.
  if (link.splice.pipe != splice::kNoPipe) return;
  const session::Reading reading = memory_.slots[link.session].session.ReadingOf(link.role);
  if (reading == session::Reading::kNot) return;
  if (IsSpliced(index)) return ArmSplice(index);
  if (!link.credit.MayResume(limits_.window_bytes)) {
    if (!link.paused) counters_.receives_paused.Add(1);
    link.paused = true;
    return;
  }
  link.paused = false;
  if (!receiver_->HasBuffers(link.receive.buffer_class)) {
    link.receive.buffer_class = base::BufferClass::kSmall;
  }
  if (budget_.exhausted() || !receiver_->HasBuffers(link.receive.buffer_class)) return Wait(index);
  const auto mode =
      reading == session::Reading::kOnce ? read::ReceiveMode::kOnce : read::ReceiveMode::kMultishot;
  const uint32_t share = std::max(kShareBytesMin, kTurnBytes / memory_.slots.open());
  const uint32_t bytes = std::min(share, link.credit.Left(limits_.window_bytes));
  receiver_->Arm(IdOf(index), link.fd, mode, bytes, link.receive);
  ++link.in_flight;
}

// After an event that may have changed how a session reads.
void Worker::ArmReceives(uint32_t session) {
  for (const uint32_t index : memory_.slots[session].links) {
    if (index != kNoSlot) ArmReceive(index);
  }
}

void Worker::Wait(uint32_t index) {
  Link& link = memory_.links[index];
  if (link.waiting) return;
  link.waiting = true;
  memory_.waiting.Push(IdOf(index));
}

// Each waiting link gets one try a turn, in the order in which they came.
void Worker::ArmWaiting() {
  for (uint32_t tries = memory_.waiting.size(); tries > 0; --tries) {
    const LinkId id = memory_.waiting.Pop();
    Link* link = memory_.links.Find(id.slot, id.generation);
    if (link == nullptr) continue;
    link->waiting = false;
    ArmReceive(id.slot);
  }
}

void Worker::MarkDue(uint32_t index) {
  Link& link = memory_.links[index];
  if (link.due || link.send.in_flight) return;
  link.due = true;
  memory_.due.Push(IdOf(index));
}

void Worker::SendDue() {
  while (!memory_.due.empty()) {
    const LinkId id = memory_.due.Pop();
    Link* link = memory_.links.Find(id.slot, id.generation);
    if (link == nullptr) continue;
    link->due = false;
    if (link->dropping || link->send.in_flight || link->send.queue.empty()) continue;
    if (link->splice.is_poured) continue;  // what is in the pipe came first
    sender_.Submit(id, link->fd, link->send);
    ++link->in_flight;
  }
}

void Worker::FinishIfEmpty(uint32_t index) {
  Link& link = memory_.links[index];
  if (!link.finishing || link.finished || link.send.in_flight || !link.send.queue.empty() ||
      link.splice.is_poured) {
    return;
  }
  link.finished = true;
  // ENOTCONN: the other end has reset the connection; its receive says so too.
  static_cast<void>(ring_.kernel().Shutdown(link.fd, SHUT_WR));
  DropIfDone(IdOf(index));
}

// A link both of whose directions have ended has nothing left to do.
void Worker::DropIfDone(LinkId id) {
  const Link* link = memory_.links.Find(id.slot, id.generation);
  if (link != nullptr && link->receive.ended && link->finished) Drop(id.slot);
}

void Worker::DiscardQueue(Link& link) {
  const flow::Returned returned = link.send.queue.Clear(memory_.slices, memory_.arena);
  if (returned.bytes == 0) return;
  counters_.bytes_discarded.Add(returned.bytes);
  OnReturned(memory_.slots[link.session], returned);
}

void Worker::Drop(uint32_t index) {
  Link& link = memory_.links[index];
  if (link.dropping) return;
  link.dropping = true;
  if (link.in_flight == 0) return FreeLink(index);
  io_uring_sqe* sqe = ring_.NextEntry();
  io_uring_prep_cancel_fd(sqe, link.fd, IORING_ASYNC_CANCEL_ALL);
  const LinkId id = IdOf(index);
  sqe->user_data = uring::UserData{.kind = static_cast<uint8_t>(base::Operation::kCancel),
                                   .generation = id.generation,
                                   .slot = id.slot}
                       .Pack();
  ++link.in_flight;
}

void Worker::FreeIfIdle(uint32_t index) {
  if (memory_.links[index].in_flight == 0) FreeLink(index);
}

void Worker::FreeLink(uint32_t index) {
  DropPipes(index);
  Link& link = memory_.links[index];
  if (link.role == LinkRole::kClient) CloseDownload(memory_.slots[link.session]);
  DiscardQueue(link);
  static_cast<void>(ring_.kernel().Close(link.fd));
  const uint32_t session = link.session;
  Slot& slot = memory_.slots[session];
  const LinkRole link_role = link.role;
  slot.links[Index(link_role)] = kNoSlot;
  memory_.links.Close(index);
  if (slot.links[0] == kNoSlot && slot.links[1] == kNoSlot) {
    memory_.wheel.Clear(session);
    memory_.ended.Push(session);
  } else if (link_role == LinkRole::kBackend) {
    memory_.backend_gone.Push(session);
  }
}

// Told late, so that whoever dropped the link is done with what he does. A session whose client has
// gone meanwhile, or that has dialled again, is not interested.
void Worker::OnBackendsGone() {
  for (uint32_t count = memory_.backend_gone.size(); count > 0; --count) {
    const uint32_t session = memory_.backend_gone.Pop();
    if (!memory_.slots.IsOpen(session)) continue;
    Slot& slot = memory_.slots[session];
    if (slot.links[0] == kNoSlot || slot.links[1] != kNoSlot) continue;
    slot.session.OnBackendGone(environment_, intents_);
    CarryOut(session);
    ArmReceives(session);
  }
}

void Worker::EndSessions() {
  if (memory_.ended.empty()) return;
  while (!memory_.ended.empty()) {
    const uint32_t session = memory_.ended.Pop();
    Slot& slot = memory_.slots[session];
    const session::Session& ended = slot.session;
    if (ended.upgraded()) counters_.sessions_ended.Add(1);
    observer_.OnSessionEnd({
        .client = ended.client(),
        .route = ended.route() == nullptr ? std::string_view() : ended.route()->name,
        .ending = ended.ending(),
        .upgraded = ended.upgraded(),
        .cut = ended.cut(),
        .duration_ns = environment_.now_ns - ended.began_ns(),
        .client_bytes_in = slot.bytes_in[Index(LinkRole::kClient)],
        .client_bytes_out = slot.bytes_out[Index(LinkRole::kClient)],
        .backend_bytes_in = slot.bytes_in[Index(LinkRole::kBackend)],
        .backend_bytes_out = slot.bytes_out[Index(LinkRole::kBackend)],
        .client_bytes_spliced = slot.bytes_spliced[Index(LinkRole::kClient)],
        .backend_bytes_spliced = slot.bytes_spliced[Index(LinkRole::kBackend)],
        .messages_in = ended.messages_in(),
        .frames_out = ended.frames_out(),
    });
    slot.session.Leave(environment_);
    memory_.slots.Close(session);
  }
  ResumeAccept();
}

}  // namespace ringway::worker
