// SPDX-License-Identifier: Apache-2.0
//
// Pipes whose target takes nothing. A worker has few pipes, and who holds one wants only that one:
// no threshold helps there. So what lies in it for a second goes into buffers, where the session
// pays for it, and the pipe serves another.
#include <algorithm>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/links/links.h"
#include "gateway/links/splices.h"

namespace ringway::links {
namespace {

using base::kNoSlot;
using splice::kNoPipe;

/// How long a target may take nothing before its pipe is emptied.
constexpr uint64_t kStallNs = 1'000'000'000;
/// Pipes that one turn empties: 4 MiB to copy, a millisecond.
constexpr uint32_t kPipesPerTurnMax = 16;

constexpr uint32_t kChunkBytes = base::kBufferBytes[static_cast<size_t>(base::BufferClass::kChunk)];

}  // namespace

void Splices::NoteStalled(uint16_t pipe) {
  if (std::exchange(directions_[pipe].is_stalled, true)) return;
  if (stalled_.empty()) due_ns_ = core_.now_ns + kStallNs;
  stalled_.Push(pipe);
}

void Splices::OnDue() {
  due_ns_ = UINT64_MAX;
  uint32_t emptied = 0;
  for (uint32_t count = stalled_.size(); count > 0 && emptied < kPipesPerTurnMax; --count) {
    const uint16_t pipe = stalled_.Pop();
    Direction& direction = directions_[pipe];
    direction.is_stalled = false;
    if (direction.from == kNoSlot) continue;  // it was given back
    const bool is_due = direction.took_ns + kStallNs <= core_.now_ns;
    if (is_due && Empty(direction)) {
      ++emptied;
      continue;
    }
    direction.is_stalled = true;
    stalled_.Push(pipe);
  }
  if (stalled_.empty()) return;
  due_ns_ = core_.now_ns + (emptied == kPipesPerTurnMax ? 0 : kStallNs / 4);
}

// In front of what has joined the target's queue meanwhile. False: the target's queue would have
// more than its share.
bool Splices::Empty(Direction& direction) {
  const uint32_t from = direction.from;
  const uint32_t to = direction.to;
  Link& source = core_[from];
  Link& target = core_[to];
  const uint16_t pipe = source.splice.pipe;
  const uint32_t bytes = splicer_.Held(source.splice);
  if (target.send.queue.footprint() + bytes > core_.stores.LimitBytes()) {
    core_.counters.pipes_stalled.Add(1);
    direction.took_ns = core_.now_ns;  // it is looked at again after as long
    return false;
  }
  if (!TakeBack(from, to)) {
    // The rest of the pipe would come behind what was taken out of it.
    core_.counters.pool_exhausted.Add(1);
    core_.sink.OnTorn(source.owner());
    return true;
  }
  core_.counters.pipes_emptied.Add(1);
  core_.counters.bytes_moved_to_chunks.Add(bytes);
  Release(pipe);
  target.splice.poured = kNoPipe;
  target.send.full = true;
  links_.sends().WaitForRoom(to);
  source.splice.meter.Reset();
  Leave(from);
  return true;
}

// False: not all of the pipe found a place.
bool Splices::TakeBack(uint32_t from, uint32_t to) {
  Link& source = core_[from];
  Link& target = core_[to];
  flow::SendQueue behind = std::exchange(target.send.queue, flow::SendQueue());
  while (source.splice.pipe != kNoPipe) {
    base::Piece piece{.lease = core_.stores.TakeQueueChunk()};
    if (!piece.lease) break;
    piece.data = piece.lease.data();
    piece.bytes = splicer_.TakeBack({piece.data, kChunkBytes}, source.splice);
    if (piece.bytes == 0) break;
    const flow::PushResult result =
        target.send.queue.Push(core_.stores, target.owner_index, std::move(piece));
    RINGWAY_CHECK(result == flow::PushResult::kQueued);  // a chunk and its slice were free
  }
  target.send.queue.Append(core_.stores.slices(), behind);
  target.send.queue.SetStalls();
  return source.splice.pipe == kNoPipe;
}

}  // namespace ringway::links
