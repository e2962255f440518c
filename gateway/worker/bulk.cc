// SPDX-License-Identifier: Apache-2.0
//
// Bulk: bytes that nobody has to look at go from socket to pipe to socket. The chain, for one
// direction:
//
//   1. receives bring bulk several times in a row; the session says that its bytes may pass unread;
//   2. the receive that is armed ends, what it has brought leaves;
//   3. a poll says that there are bytes: they are filled into a pipe and poured out of it;
//   4. a target that is full is polled, and its source is not read meanwhile;
//   5. splices that bring little several times in a row: a receive is armed again.
//
// A pipe is held only from fill to pour, so a direction that waits holds nothing.
#include <algorithm>
#include <array>
#include <utility>

#include "gateway/worker/worker.h"

namespace ringway::worker {
namespace {

using base::kNoSlot;
using base::LinkId;
using base::LinkRole;
using splice::FillOutcome;
using splice::PourOutcome;

constexpr size_t Index(LinkRole role) { return static_cast<size_t>(role); }

/// Of one direction in one turn: two fills of a pipe. Others have their turn then.
constexpr uint32_t kBytesPerMove = 512 * 1024;

}  // namespace

uint32_t Worker::OppositeOf(const Link& link) {
  return memory_.slots[link.session].links[Index(base::Opposite(link.role))];
}

bool Worker::IsSpliced(uint32_t index) {
  Link& link = memory_.links[index];
  if (!link.splice.meter.is_bulk() && !link.splice.is_spliced) return false;
  // Bytes for a side that takes none are received and discarded, as ever.
  const uint32_t to = OppositeOf(link);
  const bool takes = to != kNoSlot && !memory_.links[to].dropping && !memory_.links[to].finishing &&
                     !memory_.links[to].send.broken;
  link.splice.is_spliced = takes && link.splice.meter.is_bulk() &&
                           memory_.slots[link.session].session.CanSplice(link.role);
  return link.splice.is_spliced;
}

// REQUIRES: no receive is armed.
void Worker::ArmSplice(uint32_t index) {
  Link& link = memory_.links[index];
  if (link.splice.readable_armed || link.splice.pipe != splice::kNoPipe) return;
  if (link.splice.awaits_target) return;
  splicer_.ArmReadable(IdOf(index), link.fd, link.splice);
  ++link.in_flight;
}

void Worker::OnReadable(const io_uring_cqe& cqe, LinkId id) {
  static_cast<void>(cqe);  // whatever it says, the splice says it too
  Link* link = memory_.links.Find(id.slot, id.generation);
  if (link == nullptr) return counters_.completions_stale.Add(1);
  --link->in_flight;
  link->splice.readable_armed = false;
  if (link->dropping) return FreeIfIdle(id.slot);
  if (Move(id.slot) != MoveStep::kEmpty) return;
  // Bytes are there and a splice does not take them: it stops in front of TCP's urgent byte, and
  // only a receive steps over it. The poll would tell of them for ever.
  link->splice.meter.Reset();
  LeaveSplice(id.slot);
}

// Moves what the link has to the other one, within a turn's share. kEmpty: there was nothing.
MoveStep Worker::Move(uint32_t from) {
  const Link& link = memory_.links[from];
  // A poll may outlive the way that it was armed for: whoever reads now goes on.
  if (link.receive.armed || link.receive.ended || link.splice.pipe != splice::kNoPipe) {
    return MoveStep::kOver;
  }
  for (uint32_t moved = 0; moved < kBytesPerMove; moved += splice::kPipeBytes) {
    if (!IsSpliced(from)) {
      LeaveSplice(from);
      return MoveStep::kOver;
    }
    const uint32_t to = OppositeOf(memory_.links[from]);
    Link& target = memory_.links[to];
    if (target.send.in_flight || !target.send.queue.empty()) {
      memory_.links[from].splice.awaits_target = true;
      return MoveStep::kOver;
    }
    const MoveStep step = MoveOnce(from, to, std::min(splice::kPipeBytes, limits_.window_bytes));
    if (step == MoveStep::kOver) return step;
    if (step == MoveStep::kAgain) continue;
    ArmReceive(from);
    return moved == 0 ? step : MoveStep::kRest;
  }
  ArmReceive(from);
  return MoveStep::kRest;
}

MoveStep Worker::MoveOnce(uint32_t from, uint32_t to, uint32_t bytes_max) {
  Link& source = memory_.links[from];
  Slot& slot = memory_.slots[source.session];
  uint32_t bytes = 0;
  switch (splicer_.Fill(source.fd, bytes_max, source.splice, &bytes)) {
    case FillOutcome::kBytes:
      break;
    case FillOutcome::kNothing:
      return MoveStep::kEmpty;
    case FillOutcome::kPipeMissing:
      source.splice.meter.Reset();
      LeaveSplice(from);
      return MoveStep::kOver;
    case FillOutcome::kFin:
      source.receive.ended = true;
      OnReceived(IdOf(from), {.outcome = read::ReceiveOutcome::kFin});
      return MoveStep::kOver;
    case FillOutcome::kReset:
    case FillOutcome::kUnexpected:
      source.receive.ended = true;
      OnReceived(IdOf(from), {.outcome = read::ReceiveOutcome::kReset});
      return MoveStep::kOver;
  }
  source.splice.meter.OnSpliced(bytes, BulkBytesOf(slot, limits_));
  work_ns_ += bytes / 4;
  slot.bytes_in[Index(source.role)] += bytes;
  slot.bytes_spliced[Index(source.role)] += bytes;
  (source.role == LinkRole::kClient ? counters_.client_bytes_in : counters_.backend_bytes_in)
      .Add(bytes);
  std::array<uint8_t, splice::kAheadBytesMax> ahead;
  const size_t ahead_bytes = slot.session.OnSplice(environment_, source.role, bytes, ahead);
  splicer_.PutAhead({ahead.data(), ahead_bytes}, source.splice);
  memory_.links[to].splice.is_poured = true;
  if (!Pour(from, to)) return MoveStep::kOver;
  return bytes == bytes_max ? MoveStep::kAgain : MoveStep::kRest;
}

// False: the target is full and is polled, or broken.
bool Worker::Pour(uint32_t from, uint32_t to) {
  Link& source = memory_.links[from];
  Link& target = memory_.links[to];
  uint32_t bytes = 0;
  const PourOutcome outcome = splicer_.Pour(target.fd, source.splice, &bytes);
  if (bytes > 0) CountSent(target, bytes);
  switch (outcome) {
    case PourOutcome::kEmpty:
      target.splice.is_poured = false;
      if (!target.send.queue.empty()) MarkDue(to);
      return true;
    case PourOutcome::kFull:
      WaitForRoom(to);
      NoteStalled(from);
      return false;
    case PourOutcome::kBroken:
    case PourOutcome::kReset:
    case PourOutcome::kUnexpected:
      target.splice.is_poured = false;
      OnPourBroken(to, outcome);
      return false;
  }
  return false;
}

// As a send that finds the socket broken: what the other end sent before may still be received.
void Worker::OnPourBroken(uint32_t to, PourOutcome outcome) {
  Link& target = memory_.links[to];
  const LinkId target_id = IdOf(to);
  const uint32_t from = OppositeOf(target);
  target.send.broken = true;
  target.send.reset = outcome == PourOutcome::kReset;
  target.finished = true;
  DiscardQueue(target);
  ResumeSources(to);
  if (outcome == PourOutcome::kUnexpected) {
    OnReceived(target_id, {.outcome = read::ReceiveOutcome::kUnexpected});
  } else {
    DropIfDone(target_id);
  }
  LeaveSplice(from);
}

void Worker::OnWritable(const io_uring_cqe& cqe, LinkId id) {
  Link* link = memory_.links.Find(id.slot, id.generation);
  if (link == nullptr) return counters_.completions_stale.Add(1);
  const bool has_room = splice::Splicer::OnWritable(cqe, link->splice);
  if (!link->splice.writable_armed) --link->in_flight;
  if (link->dropping) return FreeIfIdle(id.slot);
  // It told of a FIN, say, and goes on to wait for room.
  if (!has_room && link->splice.writable_armed) return;
  if (link->send.full) {
    if (!has_room) return WaitForRoom(id.slot);
    link->send.full = false;
    return MarkDue(id.slot);
  }
  if (memory_.slots[link->session].download != kNoSlot) return MarkDownloadDue(id.slot);
  const uint32_t from = OppositeOf(*link);
  const bool pours = from != kNoSlot && memory_.links[from].splice.pipe != splice::kNoPipe;
  if (pours && !Pour(from, id.slot)) return;
  if (splicer_.DisarmWritable(id, link->splice)) ++link->in_flight;
  if (!pours) return;
  FinishIfEmpty(id.slot);
  if (memory_.links[from].dropping) return;
  // Behind a queue that has formed meanwhile, the source waits.
  static_cast<void>(Move(from));
}

// The queue of a link has left whole: who waits to pour into it may.
void Worker::OnTargetEmpty(uint32_t to) {
  const uint32_t from = OppositeOf(memory_.links[to]);
  if (from == kNoSlot || !memory_.links[from].splice.awaits_target) return;
  memory_.links[from].splice.awaits_target = false;
  if (!memory_.links[from].dropping) static_cast<void>(Move(from));
}

void Worker::LeaveSplice(uint32_t from) {
  Link& link = memory_.links[from];
  link.splice.is_spliced = false;
  link.splice.awaits_target = false;
  ArmReceive(from);
}

// The link goes: what is in a pipe from it or for it goes nowhere.
void Worker::DropPipes(uint32_t index) {
  Link& link = memory_.links[index];
  counters_.bytes_discarded.Add(splicer_.Discard(link.splice));
  const uint32_t opposite = OppositeOf(link);
  if (opposite == kNoSlot) return;
  Link& other = memory_.links[opposite];
  if (link.splice.is_poured) counters_.bytes_discarded.Add(splicer_.Discard(other.splice));
  const bool was_poured = other.splice.is_poured;
  other.splice.is_poured = false;
  if (was_poured && !other.send.queue.empty()) MarkDue(opposite);
  if (!other.splice.is_spliced || other.dropping) return;
  LeaveSplice(opposite);
}

}  // namespace ringway::worker
