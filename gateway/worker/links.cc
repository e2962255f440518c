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

/// What a turn's work counts for a connection that was accepted: three system calls and a slot.
constexpr uint64_t kOpenNs = 4000;

/// What all receives that are armed again may bring in one turn: about a millisecond of work, sends
/// included. WHY: it is what a quiet session's message waits for, on each of its two ways.
constexpr uint32_t kTurnBytes = 1024 * 1024;
/// Of that, one receive's share: a bulk buffer at least. WHY not less where many are busy: a buffer
/// that comes full costs a third of four that do not, so they take turns instead.
constexpr uint32_t kShareBytesMin = 64 * 1024;
constexpr uint32_t kShareBytesMax = 512 * 1024;
/// What a byte of many small frames counts for: a 4 KiB buffer holds some 680 empty pings, which
/// take as long as a bulk buffer of payload with its sends.
constexpr uint32_t kDenseWeight = 32;

constexpr uint32_t kSmallBytes = base::kBufferBytes[static_cast<size_t>(base::BufferClass::kSmall)];
constexpr uint32_t kBulkBytes = base::kBufferBytes[static_cast<size_t>(base::BufferClass::kBulk)];

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
  work_ns_ += kOpenNs;
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
  slot.session.Begin(environment_, session, intents_);
  CarryOut(session);
  ArmReceives(session);  // a refusal may have dropped the link already
  MakeRoom(session);
  if (memory_.slots.open() == memory_.slots.count()) PauseAccept("every session slot is taken");
  if (draining_) {
    slot.session.OnDrain(environment_, intents_);
    CarryOut(session);
  }
}

// Where what is read from a link goes to: a client's request is answered into its own queue.
uint32_t Worker::TargetOf(uint32_t index) {
  const Link& link = memory_.links[index];
  const bool asks = link.role == LinkRole::kClient &&
                    memory_.slots[link.session].session.state() == session::State::kHandshake;
  return asks ? index : OppositeOf(link);
}

// Ends a receive early where the kernel does not: at the credit of a receive without a cap, and for
// a change of buffer class or of way. What one turn delivers more is the overrun.
void Worker::StopReceive(uint32_t index) {
  Link& link = memory_.links[index];
  if (!link.receive.armed || !link.receive.multishot) return;
  const bool changes_way =
      link.receive.buffer_class != link.receive.armed_class || link.dense || IsSpliced(index);
  if (!changes_way) {
    const uint32_t to = TargetOf(index);
    if (to == kNoSlot) return;
    const uint32_t footprint = memory_.links[to].send.queue.footprint();
    if (footprint == 0 || flow::CreditLeft(footprint, stores_.LimitBytes()) > 0) return;
  }
  if (receiver_->Cancel(IdOf(index), link.receive)) ++link.in_flight;
}

void Worker::ArmReceive(uint32_t index) {
  Link& link = memory_.links[index];
  if (link.receive.armed || link.receive.ended || link.dropping || link.waiting ||
      link.connecting) {
    return;
  }
  // Who has just brought bytes is armed at the end of the turn, after those who waited longer.
  if (link.busy) return Wait(index);
  // Do not read before the pipe is empty: a FIN now would drop the link and the bytes in its pipe.
  if (link.splice.pipe != splice::kNoPipe) return WatchEnd(index);
  const session::Reading reading = memory_.slots[link.session].session.ReadingOf(link.role);
  if (reading == session::Reading::kNot) {
    // A session that wants nothing more of its backend does not ask how that ends.
    if (link.role == LinkRole::kClient) WatchEnd(index);
    return;
  }
  if (IsSpliced(index)) return ArmSplice(index);
  stores_.SetPipeBytes(uint64_t{splicer_.pipes().taken()} * splice::kPipeBytes);
  const uint32_t to = TargetOf(index);
  const uint32_t limit = stores_.LimitBytes();
  const uint32_t footprint = to == kNoSlot ? 0 : memory_.links[to].send.queue.footprint();
  const uint32_t credit = flow::CreditLeft(footprint, limit);
  if (credit == 0 || (link.paused && !flow::MayResume(footprint, limit))) {
    if (!link.paused) counters_.receives_paused.Add(1);
    link.paused = true;
    return WatchEnd(index);
  }
  link.paused = false;
  read::Arming arming = ArmingOf(link, reading, credit);
  if (!receiver_->HasBuffers(arming.buffer_class)) {
    arming.buffer_class = base::BufferClass::kSmall;
  }
  if (!receiver_->HasBuffers(arming.buffer_class)) return Wait(index);
  receiver_->Arm(IdOf(index), link.fd, arming, link.receive);
  ++link.in_flight;
  armed_bytes_ = arming.bytes * (link.dense ? kDenseWeight : 1);
}

// One completion, in a small buffer: for a handshake, where what follows belongs to somebody else;
// near the limit, where a kernel without a cap would bring more than there is credit for; and for
// many small frames, of which a small buffer is a turn's work already.
read::Arming Worker::ArmingOf(const Link& link, session::Reading reading, uint32_t credit) const {
  const uint32_t bytes = std::min(share_bytes_, credit);
  if (reading == session::Reading::kOnce || link.dense || credit < kBulkBytes) {
    return {.mode = read::ReceiveMode::kOnce, .bytes = std::min(bytes, kSmallBytes)};
  }
  const bool fits_once =
      link.receive.buffer_class == base::BufferClass::kBulk && bytes < kBulkBytes;
  return {.mode = fits_once ? read::ReceiveMode::kOnce : read::ReceiveMode::kMultishot,
          .buffer_class = link.receive.buffer_class,
          .bytes = bytes};
}

// Who is not read may leave meanwhile.
void Worker::WatchEnd(uint32_t index) {
  Link& link = memory_.links[index];
  if (link.dropping) return;
  if (receiver_->WatchEnd(IdOf(index), link.fd, link.receive)) ++link.in_flight;
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
  if (memory_.waiting.full()) {
    // Each link that lives stands there once, and there are half as many as the list has room for.
    for (uint32_t count = memory_.waiting.size(); count > 0; --count) {
      const LinkId id = memory_.waiting.Pop();
      if (memory_.links.Find(id.slot, id.generation) != nullptr) memory_.waiting.Push(id);
    }
  }
  link.waiting = true;
  memory_.waiting.Push(IdOf(index));
}

// At the end of a turn the rings hold all but what queues keep, which is a quarter at most: so who
// found no buffer finds one now, and nobody waits for another's. What is beyond the turn's bytes is
// first in the next, which does not wait.
void Worker::ArmWaiting() {
  share_bytes_ =
      std::clamp(kTurnBytes / std::max(1U, memory_.waiting.size()), kShareBytesMin, kShareBytesMax);
  // The last of these turns is for all again: who is always busy waits for two at most.
  if (starved_turns_ > 0) --starved_turns_;
  const bool somebody_starves = starved_turns_ > 0;
  uint32_t left = kTurnBytes;
  for (uint32_t tries = memory_.waiting.size(); tries > 0 && left > 0; --tries) {
    const LinkId id = memory_.waiting.Pop();
    Link* link = memory_.links.Find(id.slot, id.generation);
    if (link == nullptr) continue;
    if (link->busy && somebody_starves) {
      memory_.waiting.Push(id);
      continue;
    }
    link->waiting = link->busy = false;
    armed_bytes_ = 0;
    ArmReceive(id.slot);
    left -= std::min(left, armed_bytes_);
  }
}

void Worker::MarkDue(uint32_t index) {
  Link& link = memory_.links[index];
  if (link.due || link.send.in_flight || link.send.full) return;
  link.due = true;
  memory_.due.Push(IdOf(index));
}

void Worker::SendDue() {
  while (!memory_.due.empty()) {
    const LinkId id = memory_.due.Pop();
    Link* link = memory_.links.Find(id.slot, id.generation);
    if (link == nullptr) continue;
    link->due = false;
    if (link->dropping || link->send.in_flight || link->send.full || link->send.queue.empty()) {
      continue;
    }
    if (link->splice.is_poured) continue;  // what is in the pipe came first
    sender_.Submit(id, link->fd, link->send);
    ++link->in_flight;
  }
}

// Behind a full socket: the poll stays armed until the queue has left.
void Worker::WaitForRoom(uint32_t index) {
  Link& link = memory_.links[index];
  if (link.splice.writable_armed) return;
  splicer_.ArmWritable(IdOf(index), link.fd, link.splice);
  ++link.in_flight;
}

// The queue of a link is shorter: who stopped because of it looks again, and nobody else has.
void Worker::ResumeSources(uint32_t to) {
  const Link& link = memory_.links[to];
  const uint32_t session = link.session;
  const uint32_t from = OppositeOf(link);
  if (from != kNoSlot && memory_.links[from].paused) ArmReceive(from);
  if (link.paused) ArmReceive(to);
  Slot& slot = memory_.slots[session];
  if (slot.awaits_share && link.role == LinkRole::kClient &&
      flow::MayResume(link.send.queue.footprint(), stores_.LimitBytes())) {
    slot.awaits_share = false;
    memory_.backend_gone.Push(session);
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
  counters_.bytes_discarded.Add(link.send.queue.Clear(stores_));
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
  const uint32_t opposite = OppositeOf(link);
  slot.links[Index(link_role)] = kNoSlot;
  memory_.links.Close(index);
  // What stopped for this link's queue goes on, if only to its own end.
  if (opposite != kNoSlot && memory_.links[opposite].paused) ArmReceive(opposite);
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
    // The client's next request begins only while what it was answered before is below its share.
    const uint32_t footprint =
        memory_.links[slot.links[Index(LinkRole::kClient)]].send.queue.footprint();
    if (slot.session.awaits_backend_gone() &&
        flow::CreditLeft(footprint, stores_.LimitBytes()) == 0) {
      slot.awaits_share = true;
      continue;
    }
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
        .backend_left = slot.backend_left,
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
    Forget(slot);
    memory_.slots.Close(session);
  }
  ResumeAccept();
}

}  // namespace ringway::worker
