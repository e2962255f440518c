// SPDX-License-Identifier: Apache-2.0
//
// Pipes whose target takes nothing. A worker has few pipes, and who holds one wants only that one:
// no threshold helps there. So what lies in it for a second goes into buffers, where the session
// pays for it, and the pipe serves another.
#include <utility>

#include "gateway/worker/worker.h"

namespace ringway::worker {
namespace {

using base::kNoSlot;
using base::kNsPerMs;

/// How long a target may take nothing before its pipe is emptied.
constexpr uint64_t kStallNs = 1'000'000'000;
/// Pipes that one turn empties: 4 MiB to copy, a millisecond.
constexpr uint32_t kPipesPerTurnMax = 16;

constexpr uint32_t kChunkBytes = base::kBufferBytes[static_cast<size_t>(base::BufferClass::kChunk)];

}  // namespace

void Worker::NoteStalled(uint32_t from) {
  Link& link = memory_.links[from];
  if (link.stalled || memory_.stalled.full()) return;
  link.stalled = true;
  if (memory_.stalled.empty()) {
    memory_.wheel.Set(StallTimer(), (environment_.now_ns + kStallNs) / kNsPerMs + 1);
  }
  memory_.stalled.Push({.from = IdOf(from), .since_ns = environment_.now_ns});
}

void Worker::OnStallDue() {
  uint32_t emptied = 0;
  for (uint32_t count = memory_.stalled.size(); count > 0 && emptied < kPipesPerTurnMax; --count) {
    const StalledPipe stalled = memory_.stalled.Pop();
    if (stalled.since_ns + kStallNs > environment_.now_ns) {
      memory_.stalled.Push(stalled);
      break;
    }
    Link* link = memory_.links.Find(stalled.from.slot, stalled.from.generation);
    if (link == nullptr) continue;
    link->stalled = false;
    const uint32_t to = OppositeOf(*link);
    if (link->dropping || link->splice.pipe == splice::kNoPipe || to == kNoSlot) continue;
    const Link& target = memory_.links[to];
    const uint64_t took_ns =
        memory_.slots[target.session].session.sent_ns(target.role, environment_.now_ns);
    const bool took = took_ns > stalled.since_ns;
    if (took || !EmptyPipe(stalled.from.slot, to)) {
      link->stalled = true;
      memory_.stalled.Push(
          {.from = stalled.from, .since_ns = took ? took_ns : environment_.now_ns});
    } else {
      ++emptied;
    }
  }
  if (memory_.stalled.empty()) return;
  const uint64_t wait_ns = emptied == kPipesPerTurnMax ? 0 : kStallNs / 4;
  memory_.wheel.Set(StallTimer(), (environment_.now_ns + wait_ns) / kNsPerMs + 1);
}

// In front of what has joined the target's queue meanwhile. False: the target's queue would have
// more than its share.
bool Worker::EmptyPipe(uint32_t from, uint32_t to) {
  Link& source = memory_.links[from];
  Link& target = memory_.links[to];
  const uint32_t bytes = splicer_.Held(source.splice);
  const uint32_t footprint = target.send.queue.footprint();
  const uint32_t limit = stores_.LimitBytes();
  if (footprint + bytes > limit) {
    counters_.pipes_stalled.Add(1);
    return false;
  }
  flow::SendQueue behind = std::exchange(target.send.queue, flow::SendQueue());
  bool has_room = true;
  while (has_room && source.splice.pipe != splice::kNoPipe) {
    base::Piece piece{.lease = stores_.TakeQueueChunk()};
    has_room = static_cast<bool>(piece.lease);
    if (!has_room) break;
    piece.data = piece.lease.data();
    piece.bytes = splicer_.TakeBack({piece.data, kChunkBytes}, source.splice);
    if (piece.bytes == 0) break;
    const flow::PushResult result =
        target.send.queue.Push(stores_, source.session, std::move(piece));
    RINGWAY_CHECK(result == flow::PushResult::kQueued);  // a chunk and its slice were free
  }
  target.send.queue.Append(stores_.slices(), behind);
  target.send.queue.SetStalls();
  if (source.splice.pipe != splice::kNoPipe) {
    // The rest of the pipe would come behind what was taken out of it.
    counters_.pool_exhausted.Add(1);
    memory_.slots[source.session].session.OnCut(intents_);
    CarryOut(source.session);
    return true;
  }
  counters_.pipes_emptied.Add(1);
  counters_.bytes_moved_to_chunks.Add(bytes);
  target.splice.is_poured = false;
  target.send.full = true;
  WaitForRoom(to);
  source.splice.meter.Reset();
  LeaveSplice(from);
  return true;
}

}  // namespace ringway::worker
