// SPDX-License-Identifier: Apache-2.0
//
// Arming, and what receives bring.
#include "gateway/links/receives.h"

#include <algorithm>
#include <utility>

#include "gateway/flow/credit.h"
#include "gateway/links/links.h"
#include "gateway/links/transport.h"

namespace ringway::links {
namespace {

using base::kNoSlot;
using base::LinkEnd;
using base::LinkId;
using base::Reading;
using read::ReceiveOutcome;

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

absl::Status Receives::Open() {
  auto receiver = read::Receiver::Open(core_.ring, core_.stores.arena(), core_.counters);
  if (!receiver.ok()) return receiver.status();
  receiver_.emplace(*std::move(receiver));
  return absl::OkStatus();
}

void Receives::SetRules(uint32_t index, const ReadingRules& rules) {
  Link& link = core_[index];
  if (link.reading == rules.how && link.target == rules.target &&
      link.unread_end == rules.unread_end && link.pass_unread == rules.pass_unread) {
    return;
  }
  link.reading = rules.how;
  link.unread_end = rules.unread_end;
  link.pass_unread = rules.pass_unread;
  if (std::exchange(link.target, rules.target) != rules.target) link.splice.awaits_target = false;
  if (link.dropping) return;
  if (rules.how == Reading::kNot) Stop(index);
  Arm(index);
}

uint32_t Receives::FootprintOfTarget(const Link& link) const {
  return link.target == kNoSlot ? 0 : core_[link.target].send.queue.footprint();
}

void Receives::Stop(uint32_t index) {
  Link& link = core_[index];
  if (!link.receive.armed) return;
  const bool is_over = link.reading == Reading::kNot;
  if (!is_over && !link.receive.multishot) return;
  const bool changes_way = is_over || link.receive.buffer_class != link.receive.armed_class ||
                           link.dense || links_.splices().Takes(index);
  if (!changes_way) {
    if (link.target == kNoSlot) return;
    const uint32_t footprint = FootprintOfTarget(link);
    if (footprint == 0 || flow::CreditLeft(footprint, core_.stores.LimitBytes()) > 0) return;
  }
  if (receiver_->Cancel(core_.IdOf(index), link.receive)) ++link.in_flight;
}

void Receives::Arm(uint32_t index) {
  Link& link = core_[index];
  if (link.receive.armed || link.receive.ended || link.dropping || link.waiting ||
      link.connecting) {
    return;
  }
  // Who has just brought bytes is armed at the end of the turn, after those who waited longer.
  if (link.busy) return Wait(index);
  // Do not read before the pipe is empty: a FIN now would drop the link and the bytes in its pipe.
  if (link.splice.pipe != splice::kNoPipe) return WatchEnd(index);
  if (link.reading == Reading::kNot) {
    // Who wants nothing more of it does not ask how that ends.
    if (link.unread_end != UnreadEnd::kNoted) WatchEnd(index);
    return;
  }
  if (links_.splices().Takes(index)) return links_.splices().Arm(index);
  links_.splices().CountPipes();
  const uint32_t limit = core_.stores.LimitBytes();
  const uint32_t footprint = FootprintOfTarget(link);
  const uint32_t credit = flow::CreditLeft(footprint, limit);
  if (credit == 0 || (link.paused && !flow::MayResume(footprint, limit))) {
    if (!link.paused) core_.counters.receives_paused.Add(1);
    link.paused = true;
    core_[link.target].has_source = true;
    return WatchEnd(index);
  }
  link.paused = false;
  read::Arming arming = ArmingOf(link, credit);
  if (!receiver_->HasBuffers(arming.buffer_class)) {
    arming.buffer_class = base::BufferClass::kSmall;
  }
  if (!receiver_->HasBuffers(arming.buffer_class)) return Wait(index);
  receiver_->Arm(core_.IdOf(index), link.fd, arming, link.receive);
  ++link.in_flight;
  armed_bytes_ = arming.bytes * (link.dense ? kDenseWeight : 1);
}

// One completion, in a small buffer: for a handshake, where what follows belongs to somebody else;
// near the limit, where a kernel without a cap would bring more than there is credit for; and for
// many small frames, of which a small buffer is a turn's work already.
read::Arming Receives::ArmingOf(const Link& link, uint32_t credit) const {
  const uint32_t bytes = std::min(share_bytes_, credit);
  if (link.reading == Reading::kOnce || link.dense || credit < kBulkBytes) {
    return {.mode = read::ReceiveMode::kOnce, .bytes = std::min(bytes, kSmallBytes)};
  }
  const bool fits_once =
      link.receive.buffer_class == base::BufferClass::kBulk && bytes < kBulkBytes;
  return {.mode = fits_once ? read::ReceiveMode::kOnce : read::ReceiveMode::kMultishot,
          .buffer_class = link.receive.buffer_class,
          .bytes = bytes};
}

// Who is not read may leave meanwhile.
void Receives::WatchEnd(uint32_t index) {
  Link& link = core_[index];
  if (link.dropping) return;
  if (receiver_->WatchEnd(core_.IdOf(index), link.fd, link.receive)) ++link.in_flight;
}

void Receives::OnReceive(const io_uring_cqe& cqe, uint32_t index) {
  Link& link = core_[index];
  core_.received_in_turn = true;
  read::Received received = receiver_->OnCompletion(cqe, link.receive);
  if (link.dropping) return core_.counters.bytes_discarded.Add(received.bytes);
  OnReceived(index, std::move(received));
  if (link.dropping) return;
  Stop(index);
  Arm(index);
}

void Receives::OnReceived(uint32_t index, read::Received received) {
  switch (received.outcome) {
    case ReceiveOutcome::kBytes:
      return OnBytes(index, std::move(received));
    case ReceiveOutcome::kFin:
      // Linux reports a socket error once. A send that took ECONNRESET already makes this FIN the
      // reset.
      return OnEnd(index, core_[index].send.reset ? LinkEnd::kReset : LinkEnd::kFin);
    case ReceiveOutcome::kReset:
    case ReceiveOutcome::kUnexpected:
      return OnEnd(index, LinkEnd::kReset);
    case ReceiveOutcome::kStarved:
      if (starved_turns_ == 0) starved_turns_ = kStarvedTurns;
      return Wait(index);
    case ReceiveOutcome::kCancelled:
      return;
  }
}

// What a turn's work is reckoned by, in nanoseconds: on the machine that it was measured on (2 GHz)
// a small frame takes 16, a byte among them one, and a byte of bulk with its copies half as much.
void Receives::OnBytes(uint32_t index, read::Received received) {
  constexpr uint64_t kFrameNs = 16;
  /// Fewer bytes than this for each frame are dense, if there are some frames: a buffer of 64 KiB
  /// of them takes 0.15 ms, one of 4 KiB as long as any other receive.
  constexpr uint64_t kDenseBytes = 64;
  constexpr uint64_t kDenseFramesMin = 16;
  Link& link = core_[index];
  const uint32_t bytes = received.bytes;
  links_.splices().OnReceived(bytes, link);
  link.busy = !link.receive.armed;
  uint8_t* data = received.lease.data();
  const uint64_t frames = core_.sink.OnBytes(
      link.owner(), Transport::FromSocket(
                        link, {.lease = std::move(received.lease), .data = data, .bytes = bytes}));
  link.dense = frames >= kDenseFramesMin && bytes < frames * kDenseBytes;
  core_.work_ns += frames * kFrameNs + (link.dense ? bytes : bytes / 2);
}

void Receives::OnEnd(uint32_t index, LinkEnd end) {
  core_.sink.OnEnd(core_[index].owner(), end);
  if (end == LinkEnd::kReset) return links_.Drop(index);
  links_.DropIfDone(index);
}

// The end of a link that is not read. Where a receive is armed meanwhile, that brings what stands
// in front of the end, and then the end.
void Receives::OnStreamEnd(const io_uring_cqe& cqe, uint32_t index) {
  Link& link = core_[index];
  const read::WatchOutcome outcome = receiver_->OnWatched(cqe, link.receive);
  if (link.dropping) return;
  if (link.receive.armed || link.receive.ended || link.splice.readable_armed) return;
  if (outcome == read::WatchOutcome::kNothing) {
    // It ended although nothing has: the completion queue had no room, say.
    if (!link.receive.watched) WatchEnd(index);
    return;
  }
  // A backend's end is acted on only behind what can still be read of it (behind a reset, too:
  // Linux 6.18 gave 113 KB more), which a receive will tell.
  if (link.unread_end == UnreadEnd::kNoted) return core_.sink.OnEndNoted(link.owner());
  const auto has_unread = [&] { return core_.ring.kernel().UnreadBytes(link.fd) > 0; };
  auto end = LinkEnd::kReset;
  if (outcome == read::WatchOutcome::kFin) {
    if (link.unread_end != UnreadEnd::kResetOrFin || has_unread()) return;
    end = LinkEnd::kFin;
  } else if (link.finished && !link.send.broken && has_unread()) {
    return;  // both directions have ended in order: what waits in the socket is still read
  }
  core_.sink.OnEnd(link.owner(), end);
  links_.Drop(index);
}

void Receives::Wait(uint32_t index) {
  Link& link = core_[index];
  base::Fifo<LinkId>& waiting = core_.memory.waiting;
  if (link.waiting) return;
  if (waiting.full()) {
    // Each link that lives stands there once, and there are half as many as the list has room for.
    for (uint32_t count = waiting.size(); count > 0; --count) {
      const LinkId id = waiting.Pop();
      if (core_.memory.links.Find(id.slot, id.generation) != nullptr) waiting.Push(id);
    }
  }
  link.waiting = true;
  waiting.Push(core_.IdOf(index));
}

void Receives::EndTurn() {
  receiver_->Replenish();
  ArmWaiting();
}

// At the end of a turn the rings hold all but what queues keep, which is a quarter at most: so who
// found no buffer finds one now, and nobody waits for another's. What is beyond the turn's bytes is
// first in the next, which does not wait.
void Receives::ArmWaiting() {
  base::Fifo<LinkId>& waiting = core_.memory.waiting;
  share_bytes_ =
      std::clamp(kTurnBytes / std::max(1U, waiting.size()), kShareBytesMin, kShareBytesMax);
  // The last of these turns is for all again: who is always busy waits for two at most.
  if (starved_turns_ > 0) --starved_turns_;
  const bool somebody_starves = starved_turns_ > 0;
  uint32_t left = kTurnBytes;
  for (uint32_t tries = waiting.size(); tries > 0 && left > 0; --tries) {
    const LinkId id = waiting.Pop();
    Link* link = core_.memory.links.Find(id.slot, id.generation);
    if (link == nullptr) continue;
    if (link->busy && somebody_starves) {
      waiting.Push(id);
      continue;
    }
    link->waiting = link->busy = false;
    armed_bytes_ = 0;
    Arm(id.slot);
    left -= std::min(left, armed_bytes_);
  }
}

}  // namespace ringway::links
