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
      if (drain_requested_.load(std::memory_order_acquire)) return;  // whoever asked has closed it
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
    TellDialFailed(session, outcome);
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

void Worker::OnReceived(LinkId id, read::Received received) {
  Link& link = memory_.links[id.slot];
  Slot& slot = memory_.slots[link.session];
  switch (received.outcome) {
    case ReceiveOutcome::kBytes: {
      slot.bytes_in[Index(link.role)] += received.bytes;
      link.splice.meter.OnReceived(received.bytes, BulkBytesOf(slot, limits_));
      (link.role == LinkRole::kClient ? counters_.client_bytes_in : counters_.backend_bytes_in)
          .Add(received.bytes);
      uint8_t* data = received.lease.data();
      slot.session.OnBytes(
          environment_, link.role,
          {.lease = std::move(received.lease), .data = data, .bytes = received.bytes}, intents_);
      return CarryOut(link.session);
    }
    case ReceiveOutcome::kFin:
      if (!link.send.reset) {
        slot.session.OnEnd(environment_, link.role, session::LinkEnd::kFin, intents_);
        CarryOut(link.session);
        return DropIfDone(id);
      }
      // Linux tells a connection's error once. Here a send was told of the reset, and this FIN was
      // sent by nobody.
      [[fallthrough]];
    case ReceiveOutcome::kReset:
    case ReceiveOutcome::kUnexpected:
      slot.session.OnEnd(environment_, link.role, session::LinkEnd::kReset, intents_);
      CarryOut(link.session);
      if (memory_.links.Find(id.slot, id.generation) != nullptr) Drop(id.slot);
      return;
    case ReceiveOutcome::kStarved:
      return Wait(id.slot);
    case ReceiveOutcome::kCancelled:
      return;
  }
}

void Worker::OnSend(const io_uring_cqe& cqe, LinkId id) {
  Link* link = memory_.links.Find(id.slot, id.generation);
  if (link == nullptr) return counters_.completions_stale.Add(1);
  const write::Sent sent = sender_.OnCompletion(cqe, link->send);
  --link->in_flight;
  Slot& slot = memory_.slots[link->session];
  if (sent.returned.bytes > 0) {
    slot.bytes_out[Index(link->role)] += sent.returned.bytes;
    slot.session.OnSent(link->role, environment_.now_ns);
    (link->role == LinkRole::kClient ? counters_.client_bytes_out : counters_.backend_bytes_out)
        .Add(sent.returned.bytes);
    OnReturned(slot, sent.returned);
  }
  if (link->dropping) return FreeIfIdle(id.slot);
  switch (sent.outcome) {
    case write::SendOutcome::kSent:
    case write::SendOutcome::kCancelled:
      if (!link->send.queue.empty()) return MarkDue(id.slot);
      FinishIfEmpty(id.slot);
      if (memory_.links.Find(id.slot, id.generation) == nullptr) return;
      if (slot.awaits_room) return GoOnServing(id.slot);
      return OnTargetEmpty(id.slot);
    case write::SendOutcome::kUnexpected:
      slot.session.OnEnd(environment_, link->role, session::LinkEnd::kReset, intents_);
      CarryOut(link->session);
      if (memory_.links.Find(id.slot, id.generation) != nullptr) Drop(id.slot);
      return;
    case write::SendOutcome::kReset:
      DiscardQueue(*link);
      link->finished = true;
      OnTargetEmpty(id.slot);
      return OnSendReset(id);
  }
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

// Credit goes back to the links that the bytes came from; a link that stopped for want of it is
// read again from half a window on.
void Worker::OnReturned(Slot& slot, const flow::Returned& returned) {
  budget_.Return(returned.bytes - returned.lent_bytes);
  for (const LinkRole role : {LinkRole::kClient, LinkRole::kBackend}) {
    const uint32_t bytes =
        role == LinkRole::kClient ? returned.client_bytes : returned.backend_bytes;
    const uint32_t index = slot.links[Index(role)];
    if (bytes == 0 || index == kNoSlot) continue;
    Link& source = memory_.links[index];
    source.credit.Return(bytes);
    if (source.paused) ArmReceive(index);
  }
}

void Worker::OnCancelled(LinkId id) {
  Link* link = memory_.links.Find(id.slot, id.generation);
  if (link == nullptr) return counters_.completions_stale.Add(1);
  --link->in_flight;
  if (link->dropping) FreeIfIdle(id.slot);
}

}  // namespace ringway::worker
