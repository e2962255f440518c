// SPDX-License-Identifier: Apache-2.0
//
// From socket to pipe to socket.
#include "gateway/links/splices.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/flow/bulk_meter.h"
#include "gateway/links/links.h"
#include "gateway/links/transport.h"

namespace ringway::links {
namespace {

using base::kNoSlot;
using base::LinkEnd;
using splice::FillOutcome;
using splice::kNoPipe;
using splice::PourOutcome;

/// Of one direction in one turn: two fills of a pipe. Others have their turn then.
constexpr uint32_t kBytesPerMove = 512 * 1024;

}  // namespace

Splices::Splices(Core& core, Links& links, base::Fifo<uint16_t> stalled)
    : core_(core),
      links_(links),
      splicer_(core.ring, core.counters, core.limits.pipes),
      directions_(core.limits.pipes),
      stalled_(std::move(stalled)) {}

// What must come at once to be worth a splice. Half a window, because a small one brings no more.
uint32_t Splices::LeastBytesOf(const Link& link) const {
  const bool is_framed = link.pass_unread == PassUnread::kFramed;
  return std::min(is_framed ? flow::BulkMeter::kFramedBulkBytes : flow::BulkMeter::kBulkBytes,
                  core_.limits.window_bytes / 2);
}

void Splices::OnReceived(uint32_t bytes, Link& link) const {
  if (link.pass_unread == PassUnread::kNot) return;
  link.splice.meter.OnReceived(bytes, LeastBytesOf(link));
}

bool Splices::Takes(uint32_t index) {
  Link& link = core_[index];
  if (!link.splice.meter.is_bulk() && !link.splice.is_spliced) return false;
  // Bytes for a side that takes none are received and discarded, as ever.
  const auto takes = [&](const Link& target) {
    return !target.dropping && !target.finishing && !target.send.broken &&
           Transport::MayPassUnread(target) == PassesUnread::kCan;
  };
  link.splice.is_spliced = link.splice.meter.is_bulk() && link.pass_unread != PassUnread::kNot &&
                           Transport::MayPassUnread(link) == PassesUnread::kCan &&
                           link.target != kNoSlot && takes(core_[link.target]);
  return link.splice.is_spliced;
}

void Splices::Arm(uint32_t index) {
  Link& link = core_[index];
  if (link.splice.readable_armed || link.splice.pipe != kNoPipe) return;
  if (link.splice.awaits_target) return;
  splicer_.ArmReadable(core_.IdOf(index), link.fd, link.splice);
  ++link.in_flight;
}

// Whatever the poll says, the splice says it too.
void Splices::OnReadable(uint32_t index) {
  Link& link = core_[index];
  link.splice.readable_armed = false;
  if (link.dropping) return;
  if (Move(index) != Step::kEmpty) return;
  // Bytes are there and a splice does not take them: it stops in front of TCP's urgent byte, and
  // only a receive steps over it. The poll would tell of them for ever.
  link.splice.meter.Reset();
  Leave(index);
}

// Moves what the link has to its target, within a turn's share. kEmpty: there was nothing.
Splices::Step Splices::Move(uint32_t from) {
  Link& link = core_[from];
  // A poll may outlive the way that it was armed for: whoever reads now goes on.
  if (link.receive.armed || link.receive.ended || link.splice.pipe != kNoPipe) return Step::kOver;
  for (uint32_t moved = 0; moved < kBytesPerMove; moved += splice::kPipeBytes) {
    if (!Takes(from)) {
      Leave(from);
      return Step::kOver;
    }
    const uint32_t to = link.target;
    Link& target = core_[to];
    if (target.send.in_flight || !target.send.queue.empty() || target.splice.poured != kNoPipe) {
      link.splice.awaits_target = true;
      target.has_source = true;
      return Step::kOver;
    }
    const Step step = MoveOnce(from, to, std::min(splice::kPipeBytes, core_.limits.window_bytes));
    if (step == Step::kOver) return step;
    if (step == Step::kAgain) continue;
    links_.receives().Arm(from);
    return moved == 0 ? step : Step::kRest;
  }
  links_.receives().Arm(from);
  return Step::kRest;
}

Splices::Step Splices::MoveOnce(uint32_t from, uint32_t to, uint32_t bytes_max) {
  Link& source = core_[from];
  uint32_t bytes = 0;
  switch (splicer_.Fill(source.fd, bytes_max, source.splice, &bytes)) {
    case FillOutcome::kBytes:
      break;
    case FillOutcome::kNothing:
      return Step::kEmpty;
    case FillOutcome::kPipeMissing:
      source.splice.meter.Reset();
      Leave(from);
      return Step::kOver;
    case FillOutcome::kFin:
      source.receive.ended = true;
      links_.receives().OnEnd(from, LinkEnd::kFin);
      return Step::kOver;
    case FillOutcome::kReset:
    case FillOutcome::kUnexpected:
      source.receive.ended = true;
      links_.receives().OnEnd(from, LinkEnd::kReset);
      return Step::kOver;
  }
  source.splice.meter.OnSpliced(bytes, LeastBytesOf(source));
  core_.work_ns += bytes / 4;
  std::array<uint8_t, splice::kAheadBytesMax> ahead;
  const size_t ahead_bytes = core_.sink.OnSpliced(source.owner(), bytes, ahead);
  splicer_.PutAhead({ahead.data(), ahead_bytes}, source.splice);
  core_[to].splice.poured = source.splice.pipe;
  Direction& direction = directions_[source.splice.pipe];
  direction.from = from;
  direction.to = to;
  direction.took_ns = core_.now_ns;
  if (!Pour(from, to)) {
    links_.receives().Arm(from);  // its end is watched meanwhile
    return Step::kOver;
  }
  return bytes == bytes_max ? Step::kAgain : Step::kRest;
}

// False: the target is full and is polled, or broken.
bool Splices::Pour(uint32_t from, uint32_t to) {
  Link& source = core_[from];
  Link& target = core_[to];
  const uint16_t pipe = source.splice.pipe;
  uint32_t bytes = 0;
  const PourOutcome outcome = splicer_.Pour(target.fd, source.splice, &bytes);
  if (bytes > 0) {
    directions_[pipe].took_ns = core_.now_ns;
    core_.sink.OnSent(target.owner(), bytes);
  }
  switch (outcome) {
    case PourOutcome::kEmpty:
      Release(pipe);
      target.splice.poured = kNoPipe;
      if (!target.send.queue.empty()) links_.sends().MarkDue(to);
      return true;
    case PourOutcome::kFull:
      links_.sends().WaitForRoom(to);
      NoteStalled(pipe);
      return false;
    case PourOutcome::kBroken:
    case PourOutcome::kReset:
    case PourOutcome::kUnexpected:
      Release(pipe);
      target.splice.poured = kNoPipe;
      OnPourBroken(to, outcome);
      Leave(from);
      return false;
  }
  return false;
}

// As a send that finds the socket broken: what the other end sent before may still be received.
void Splices::OnPourBroken(uint32_t to, PourOutcome outcome) {
  Link& target = core_[to];
  target.send.broken = true;
  target.send.reset = outcome == PourOutcome::kReset;
  target.finished = true;
  links_.sends().Discard(target);
  links_.sends().TellBelow(to);
  if (target.dropping) return;
  if (outcome == PourOutcome::kUnexpected) return links_.receives().OnEnd(to, LinkEnd::kReset);
  links_.DropIfDone(to);
}

bool Splices::GoOnPouring(uint32_t to) {
  const uint16_t pipe = core_[to].splice.poured;
  if (pipe == kNoPipe) return false;
  const uint32_t from = directions_[pipe].from;
  if (!Pour(from, to)) return true;
  links_.sends().StopWaiting(to);
  links_.sends().FinishIfEmpty(to);
  // Behind a queue that has formed meanwhile, the source waits.
  if (!core_[from].dropping) static_cast<void>(Move(from));
  links_.sends().TellBelow(to);
  return true;
}

void Splices::Resume(uint32_t from) {
  Link& link = core_[from];
  if (link.dropping || !link.splice.awaits_target) return;
  link.splice.awaits_target = false;
  static_cast<void>(Move(from));
}

void Splices::Leave(uint32_t from) {
  Link& link = core_[from];
  link.splice.is_spliced = false;
  link.splice.awaits_target = false;
  links_.receives().Arm(from);
}

void Splices::Drop(uint32_t index) {
  Link& link = core_[index];
  if (link.splice.pipe != kNoPipe) {
    const uint32_t to = directions_[link.splice.pipe].to;
    Release(link.splice.pipe);
    core_.counters.bytes_discarded.Add(splicer_.Discard(link.splice));
    core_[to].splice.poured = kNoPipe;
    if (!core_[to].dropping) {
      if (!core_[to].send.queue.empty()) links_.sends().MarkDue(to);
      links_.sends().FinishIfEmpty(to);  // nothing stands in front of its end any more
    }
  }
  if (link.splice.poured != kNoPipe) {
    const uint32_t from = directions_[link.splice.poured].from;
    Release(link.splice.poured);
    link.splice.poured = kNoPipe;
    core_.counters.bytes_discarded.Add(splicer_.Discard(core_[from].splice));
    if (!core_[from].dropping) Leave(from);
  }
}

}  // namespace ringway::links
