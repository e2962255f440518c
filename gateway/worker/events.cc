// SPDX-License-Identifier: Apache-2.0
//
// What completions mean: each goes through the room of its kind and becomes an event of a session.
#include <utility>

#include "gateway/worker/remote_address.h"
#include "gateway/worker/worker.h"

namespace ringway::worker {
namespace {

using base::kNoSlot;
using base::LinkId;
using base::LinkRole;
using read::ReceiveOutcome;

constexpr size_t Index(LinkRole role) { return static_cast<size_t>(role); }

}  // namespace

void Worker::OnAccept(const io_uring_cqe& cqe, uint32_t socket) {
  const accept::Accepted accepted = acceptor_.OnCompletion(cqe, socket);
  switch (accepted.outcome) {
    case accept::AcceptOutcome::kConnected:
      OpenClient(accepted.fd, accepted.listener_index);
      break;
    case accept::AcceptOutcome::kNothing:
      break;
    case accept::AcceptOutcome::kExhausted:
      return PauseAccept("no descriptor or memory is left");
    case accept::AcceptOutcome::kBroken:
      if (drain_wanted_) return;  // whoever asked has closed it
      return observer_.OnAcceptPaused("a listening socket is broken");
  }
  // WHY: single accepts end with their connection, and a multishot one ends when the completion
  // queue had no room, or with an error.
  if (!acceptor_.paused()) acceptor_.Arm(memory_.slots.count() - memory_.slots.open());
}

void Worker::OnConnect(const io_uring_cqe& cqe, LinkId id) {
  Link* link = memory_.links.Find(id.slot, id.generation);
  const dial::DialOutcome outcome = dialer_.OnCompletion(cqe);
  if (link == nullptr) return counters_.completions_stale.Add(1);
  --link->in_flight;
  link->connecting = false;
  if (link->dropping) return FreeIfIdle(id.slot);
  const uint32_t session = link->session;
  if (outcome == dial::DialOutcome::kConnected) {
    OnDialed(session);
  } else {
    TellDialFailed(session, outcome, cqe.res);
    Drop(id.slot);
    OnDialFailed(session, outcome);
  }
  CarryOut(session);
  ArmReceives(session);
}

void Worker::OnDialed(uint32_t session) {
  Slot& slot = memory_.slots[session];
  base::SocketAddress reached;
  const uint32_t client = slot.links[Index(LinkRole::kClient)];
  if (client != kNoSlot && slot.session.WantsReached(environment_)) {
    sockaddr_storage local{};
    if (ring_.kernel().LocalAddress(memory_.links[client].fd, &local) == 0) {
      reached = FromSockaddr(local);
    }
  }
  slot.session.OnDialed(environment_, reached, intents_);
}

void Worker::OnReceive(const io_uring_cqe& cqe, LinkId id) {
  Link* link = memory_.links.Find(id.slot, id.generation);
  // A link is freed after the last completion of its operations, so this one is a bug or a ghost;
  // a buffer that it names is lost to the ring rather than guessed at.
  if (link == nullptr) return counters_.completions_stale.Add(1);
  received_in_turn_ = true;
  read::Received received = receiver_->OnCompletion(cqe, link->receive);
  if (!link->receive.armed) --link->in_flight;
  if (link->dropping) {
    counters_.bytes_discarded.Add(received.bytes);
    received.lease.Return();
    return FreeIfIdle(id.slot);
  }
  const uint32_t session = link->session;
  const session::State before = memory_.slots[session].session.state();
  OnReceived(id, std::move(received));
  // The backend's answer opens the client's side, say.
  if (memory_.slots[session].session.state() != before) [[unlikely]]
    ArmReceives(session);
  link = memory_.links.Find(id.slot, id.generation);
  if (link == nullptr || link->dropping) return;
  StopReceive(id.slot);
  ArmReceive(id.slot);
}

// What a turn's work is reckoned by, in nanoseconds: on the machine that it was measured on (2 GHz)
// a small frame takes 16, a byte among them one, and a byte of bulk with its copies half as much.
void Worker::OnBytes(LinkId id, read::Received received) {
  constexpr uint64_t kFrameNs = 16;
  /// Fewer bytes than this for each frame are dense, if there are some frames: a buffer of 64 KiB
  /// of them takes 0.15 ms, one of 4 KiB as long as any other receive.
  constexpr uint64_t kDenseBytes = 64;
  constexpr uint64_t kDenseFramesMin = 16;
  Link& link = memory_.links[id.slot];
  Slot& slot = memory_.slots[link.session];
  const uint32_t bytes = received.bytes;
  slot.bytes_in[Index(link.role)] += bytes;
  link.splice.meter.OnReceived(bytes, BulkBytesOf(slot, limits_));
  (link.role == LinkRole::kClient ? counters_.client_bytes_in : counters_.backend_bytes_in)
      .Add(bytes);
  link.busy = !link.receive.armed;
  uint8_t* data = received.lease.data();
  const uint64_t frames_before = environment_.frames_read;
  slot.session.OnBytes(environment_, link.role,
                       {.lease = std::move(received.lease), .data = data, .bytes = bytes},
                       intents_);
  const uint64_t frames = environment_.frames_read - frames_before;
  link.dense = frames >= kDenseFramesMin && bytes < frames * kDenseBytes;
  work_ns_ += frames * kFrameNs + (link.dense ? bytes : bytes / 2);
  CarryOut(link.session);
}

void Worker::OnReceived(LinkId id, read::Received received) {
  Link& link = memory_.links[id.slot];
  Slot& slot = memory_.slots[link.session];
  // Its end has been reached in order.
  const bool is_end = received.outcome != ReceiveOutcome::kBytes &&
                      received.outcome != ReceiveOutcome::kStarved &&
                      received.outcome != ReceiveOutcome::kCancelled;
  if (is_end && link.role == LinkRole::kBackend) slot.backend_left = false;
  switch (received.outcome) {
    case ReceiveOutcome::kBytes:
      return OnBytes(id, std::move(received));
    case ReceiveOutcome::kFin:
      if (!link.send.reset) {
        slot.session.OnEnd(environment_, link.role, session::LinkEnd::kFin, intents_);
        CarryOut(link.session);
        return DropIfDone(id);
      }
      // Linux reports a socket error once. A send already took ECONNRESET, so this FIN is the
      // reset.
      [[fallthrough]];
    case ReceiveOutcome::kReset:
    case ReceiveOutcome::kUnexpected:
      slot.session.OnEnd(environment_, link.role, session::LinkEnd::kReset, intents_);
      CarryOut(link.session);
      if (memory_.links.Find(id.slot, id.generation) != nullptr) Drop(id.slot);
      return;
    case ReceiveOutcome::kStarved:
      if (starved_turns_ == 0) starved_turns_ = kStarvedTurns;
      return Wait(id.slot);
    case ReceiveOutcome::kCancelled:
      return;
  }
}

void Worker::CountSent(const Link& link, uint32_t bytes) {
  Slot& slot = memory_.slots[link.session];
  slot.bytes_out[Index(link.role)] += bytes;
  slot.session.OnSent(link.role, environment_.now_ns);
  (link.role == LinkRole::kClient ? counters_.client_bytes_out : counters_.backend_bytes_out)
      .Add(bytes);
}

void Worker::OnSend(const io_uring_cqe& cqe, LinkId id) {
  Link* link = memory_.links.Find(id.slot, id.generation);
  if (link == nullptr) return counters_.completions_stale.Add(1);
  const write::Sent sent = sender_.OnCompletion(cqe, link->session, link->send);
  --link->in_flight;
  if (sent.bytes > 0) CountSent(*link, sent.bytes);
  if (link->dropping) return FreeIfIdle(id.slot);
  switch (sent.outcome) {
    case write::SendOutcome::kSent:
    case write::SendOutcome::kCancelled:
      return OnQueueSent(id);
    case write::SendOutcome::kFull:
      WaitForRoom(id.slot);
      if (sent.bytes > 0) ResumeSources(id.slot);
      return;
    case write::SendOutcome::kUnexpected:
      memory_.slots[link->session].session.OnEnd(environment_, link->role, session::LinkEnd::kReset,
                                                 intents_);
      CarryOut(link->session);
      if (memory_.links.Find(id.slot, id.generation) != nullptr) Drop(id.slot);
      return;
    case write::SendOutcome::kReset:
      DiscardQueue(*link);
      link->finished = true;
      ResumeSources(id.slot);
      OnTargetEmpty(id.slot);
      return OnSendReset(id);
  }
}

// A send has left whole.
void Worker::OnQueueSent(LinkId id) {
  ResumeSources(id.slot);
  Link& link = memory_.links[id.slot];
  if (!link.send.queue.empty()) return MarkDue(id.slot);
  const Slot& slot = memory_.slots[link.session];
  if (!link.splice.is_poured && slot.download == kNoSlot &&
      splicer_.DisarmWritable(id, link.splice)) {
    ++link.in_flight;
  }
  FinishIfEmpty(id.slot);
  const Link* left = memory_.links.Find(id.slot, id.generation);
  if (left == nullptr || left->dropping) return;
  if (slot.standing == session::Standing::kResting ||
      slot.standing == session::Standing::kLingering) {
    NoteStanding(link.session);
  }
  if (slot.awaits_room) return GoOnServing(id.slot);
  OnTargetEmpty(id.slot);
}

// WHY the link lives on: what the other end sent before it broke may still wait to be received; the
// receive then brings the end. A link that is not read has none that could.
void Worker::OnSendReset(LinkId id) {
  const Link* link = memory_.links.Find(id.slot, id.generation);
  if (link == nullptr) return;
  const uint32_t session = link->session;
  session::Session& broken = memory_.slots[session].session;
  if (broken.ReadingOf(link->role) != session::Reading::kNot) return DropIfDone(id);
  broken.OnEnd(environment_, link->role, session::LinkEnd::kReset, intents_);
  CarryOut(session);
  if (memory_.links.Find(id.slot, id.generation) != nullptr) Drop(id.slot);
}

// A backend's end is acted on only behind what can still be read of it (behind a reset, too: Linux
// 6.18 gave 113 KB more), which a receive will tell. Until then whoever keeps the log knows of it.
void Worker::NoteBackendEnd(Slot& slot) {
  if (slot.backend_left) return;
  slot.backend_left = true;
  counters_.backends_left.Add(1);
}

// The end of a link that is not read. Where a receive is armed meanwhile, that brings what stands
// in front of the end, and then the end.
void Worker::OnStreamEnd(const io_uring_cqe& cqe, LinkId id) {
  Link* link = memory_.links.Find(id.slot, id.generation);
  if (link == nullptr) return counters_.completions_stale.Add(1);
  const read::WatchOutcome outcome = receiver_->OnWatched(cqe, link->receive);
  if (!link->receive.watched) --link->in_flight;
  if (link->dropping) return FreeIfIdle(id.slot);
  if (link->receive.armed || link->receive.ended || link->splice.readable_armed) return;
  Slot& slot = memory_.slots[link->session];
  if (link->role == LinkRole::kBackend && outcome != read::WatchOutcome::kNothing) {
    return NoteBackendEnd(slot);
  }
  session::Session& watched = slot.session;
  auto end = session::LinkEnd::kReset;
  switch (outcome) {
    case read::WatchOutcome::kNothing:
      // It ended although nothing has: the completion queue had no room, say.
      if (!link->receive.watched) WatchEnd(id.slot);
      return;
    case read::WatchOutcome::kBroken:
      // Both directions have ended in order: what waits in the socket is still read.
      if (link->finished && !link->send.broken && ring_.kernel().UnreadBytes(link->fd) > 0) return;
      break;
    case read::WatchOutcome::kFin:
      if (!watched.EndsWithFin() || ring_.kernel().UnreadBytes(link->fd) > 0) return;
      end = session::LinkEnd::kFin;
  }
  const uint32_t session = link->session;
  watched.OnEnd(environment_, LinkRole::kClient, end, intents_);
  CarryOut(session);
  if (memory_.links.Find(id.slot, id.generation) != nullptr) Drop(id.slot);
}

void Worker::OnCancelled(LinkId id) {
  Link* link = memory_.links.Find(id.slot, id.generation);
  if (link == nullptr) return counters_.completions_stale.Add(1);
  --link->in_flight;
  if (link->dropping) FreeIfIdle(id.slot);
}

}  // namespace ringway::worker
