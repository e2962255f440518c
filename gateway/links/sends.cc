// SPDX-License-Identifier: Apache-2.0
//
// Queues, sends, and what their completions mean.
#include "gateway/links/sends.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/flow/credit.h"
#include "gateway/links/links.h"
#include "gateway/links/transport.h"

namespace ringway::links {
namespace {

/// Link::below for kBelowShare.
constexpr uint16_t kShareOnly = UINT16_MAX;

}  // namespace

using base::LinkEnd;
using base::LinkId;
using base::Reading;

Sends::Sends(Core& core, Links& links)
    : core_(core), links_(links), sender_(core.ring, core.stores, core.counters) {}

flow::PushResult Sends::Push(uint32_t to, base::Piece&& piece, flow::SliceKind kind) {
  Link& link = core_[to];
  const uint32_t bytes = piece.bytes;
  if (link.dropping || link.finishing || link.send.broken) {
    core_.counters.bytes_discarded.Add(bytes);
    piece = {};
    return flow::PushResult::kQueued;
  }
  const flow::PushResult result = link.send.queue.Push(
      core_.stores, link.owner_index, Transport::ToSocket(link, std::move(piece)), kind);
  switch (result) {
    case flow::PushResult::kMoved:
      core_.counters.bytes_moved_to_chunks.Add(bytes);
      break;
    case flow::PushResult::kReplaced:
      core_.counters.pongs_replaced.Add(1);
      break;
    case flow::PushResult::kDropped:
      core_.counters.pongs_dropped.Add(1);
      break;
    case flow::PushResult::kQueued:
    case flow::PushResult::kExhausted:
      break;
  }
  MarkDue(to);
  return result;
}

void Sends::TellWhenBelow(uint32_t index, uint32_t bytes) {
  core_[index].below = bytes == kBelowShare
                           ? kShareOnly
                           : static_cast<uint16_t>(std::min<uint64_t>(
                                 (uint64_t{bytes} + kBelowUnit - 1) / kBelowUnit, kShareOnly - 1));
}

// Behind what is less than its share: what follows may be a slice of memory that costs no buffer.
bool Sends::IsBelow(uint32_t index, uint32_t bytes) const {
  const Link& link = core_[index];
  const flow::SendQueue& queue = link.send.queue;
  if (link.dropping || link.send.broken || link.downloads) return false;
  if (queue.empty()) return true;
  return queue.bytes() < bytes &&
         flow::CreditLeft(queue.footprint(), core_.stores.LimitBytes()) > 0 &&
         core_.stores.MayAddSlices(queue.slices());
}

void Sends::TellBelow(uint32_t index) {
  Link& link = core_[index];
  if (link.dropping) return;
  bool is_told = false;
  if (link.has_source && flow::MayResume(link.send.queue.footprint(), core_.stores.LimitBytes())) {
    link.has_source = false;
    is_told = true;
  }
  const uint32_t below = link.below == kShareOnly ? kBelowShare : link.below * kBelowUnit;
  if (link.below > 0 && IsBelow(index, below)) {
    link.below = 0;
    is_told = true;
  }
  if (is_told) core_.sink.OnBelow(link.owner());
}

void Sends::MarkDue(uint32_t index) {
  Link& link = core_[index];
  if (link.due || link.send.in_flight || link.send.full) return;
  link.due = true;
  core_.memory.due.Push(core_.IdOf(index));
}

void Sends::SendDue() {
  base::Fifo<LinkId>& due = core_.memory.due;
  while (!due.empty()) {
    const LinkId id = due.Pop();
    Link* link = core_.memory.links.Find(id.slot, id.generation);
    if (link == nullptr) continue;
    link->due = false;
    if (link->dropping || link->send.in_flight || link->send.full || link->send.queue.empty()) {
      continue;
    }
    if (link->splice.poured != splice::kNoPipe) continue;  // what is in the pipe came first
    sender_.Submit(id, link->fd, link->send);
    ++link->in_flight;
  }
}

uint32_t Sends::SendAhead(uint32_t index) {
  Link& link = core_[index];
  return sender_.SendAhead(link.fd, link.owner_index, link.send);
}

void Sends::OnSend(const io_uring_cqe& cqe, uint32_t index) {
  Link& link = core_[index];
  const write::Sent sent = sender_.OnCompletion(cqe, link.owner_index, link.send);
  if (sent.bytes > 0) core_.sink.OnSent(link.owner(), sent.bytes);
  if (link.dropping) return;
  switch (sent.outcome) {
    case write::SendOutcome::kSent:
    case write::SendOutcome::kCancelled:
      return OnLeft(index);
    case write::SendOutcome::kFull:
      WaitForRoom(index);
      if (sent.bytes > 0) TellBelow(index);
      return;
    case write::SendOutcome::kUnexpected:
      core_.sink.OnEnd(link.owner(), LinkEnd::kReset);
      return links_.Drop(index);
    case write::SendOutcome::kReset:
      Discard(link);
      link.finished = true;
      TellBelow(index);
      return OnReset(index);
  }
}

// What was offered has left whole.
void Sends::OnLeft(uint32_t index) {
  Link& link = core_[index];
  if (!link.send.queue.empty()) {
    MarkDue(index);
    return TellBelow(index);
  }
  if (link.splice.poured == splice::kNoPipe && !link.downloads) StopWaiting(index);
  FinishIfEmpty(index);
  if (link.downloads) links_.downloads().OnQueueEmpty(index);
  TellBelow(index);
}

// WHY the link lives on: what the other end sent before it broke may still wait to be received; the
// receive then brings the end. A link that is not read has none that could.
void Sends::OnReset(uint32_t index) {
  Link& link = core_[index];
  if (link.dropping) return;
  if (link.reading != Reading::kNot) return links_.DropIfDone(index);
  core_.sink.OnEnd(link.owner(), LinkEnd::kReset);
  links_.Drop(index);
}

void Sends::WaitForRoom(uint32_t index) {
  Link& link = core_[index];
  if (link.splice.writable_armed) return;
  links_.splices().splicer().ArmWritable(core_.IdOf(index), link.fd, link.splice);
  ++link.in_flight;
}

void Sends::StopWaiting(uint32_t index) {
  Link& link = core_[index];
  if (links_.splices().splicer().DisarmWritable(core_.IdOf(index), link.splice)) ++link.in_flight;
}

void Sends::OnWritable(const io_uring_cqe& cqe, uint32_t index) {
  Link& link = core_[index];
  const bool has_room = splice::Splicer::OnWritable(cqe, link.splice);
  if (link.dropping) return;
  // It told of a FIN, say, and goes on to wait for room.
  if (!has_room && link.splice.writable_armed) return;
  if (link.send.full) {
    if (!has_room) return WaitForRoom(index);
    link.send.full = false;
    return MarkDue(index);
  }
  if (link.downloads) return links_.downloads().MarkDue(index);
  if (links_.splices().GoOnPouring(index)) return;
  // What was poured into it is gone with its source: others may.
  StopWaiting(index);
  TellBelow(index);
}

void Sends::Finish(uint32_t index) {
  Link& link = core_[index];
  if (link.connecting) return links_.Drop(index);
  link.finishing = true;
  FinishIfEmpty(index);
}

void Sends::FinishIfEmpty(uint32_t index) {
  Link& link = core_[index];
  if (!link.finishing || link.finished || link.send.in_flight || !link.send.queue.empty() ||
      link.splice.poured != splice::kNoPipe) {
    return;
  }
  link.finished = true;
  // ENOTCONN: the other end has reset the connection; its receive says so too.
  static_cast<void>(core_.ring.kernel().Shutdown(link.fd, SHUT_WR));
  links_.DropIfDone(index);
}

void Sends::Discard(Link& link) {
  core_.counters.bytes_discarded.Add(link.send.queue.Clear(core_.stores));
}

}  // namespace ringway::links
