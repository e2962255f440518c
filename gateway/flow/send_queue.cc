// SPDX-License-Identifier: Apache-2.0
//
// The list of slices, and when bytes are copied.
#include "gateway/flow/send_queue.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace ringway::flow {
namespace {

using base::BufferClass;
using base::kBufferBytes;
using base::kNoSlot;
using base::Piece;

constexpr uint32_t kCellBytes = kBufferBytes[static_cast<size_t>(BufferClass::kCell)];
constexpr uint32_t kChunkBytes = kBufferBytes[static_cast<size_t>(BufferClass::kChunk)];
static_assert(kLeastBytes <= kCellBytes);

/// A piece of at most so many bytes shares the buffer in front of it where there is room. WHY 1024:
/// copying that costs about as much as a slice of its own does in the send that gathers them.
constexpr uint32_t kJoinBytesMax = 1024;

/// Of a class of receive buffers, the part that queues may keep whose sockets have stalled.
constexpr uint32_t kStalledPart = 8;

}  // namespace

// Behind the last slice, in a buffer that nobody else holds: neither the kernel nor a session that
// has not read all of it.
uint32_t SendQueue::RoomBehindTail(Stores& stores) const {
  if (tail_ == kNoSlot || in_flight_ == slices_) return 0;
  const Slice& slice = stores.slices()[tail_];
  const BufferClass c = stores.arena().ClassOf(slice.buffer);
  if (c == BufferClass::kLent || stores.arena().IsShared(slice.buffer)) return 0;
  const uint8_t* at = slice.data + slice.bytes;
  const uint8_t* end = stores.arena().Data(slice.buffer) + kBufferBytes[static_cast<size_t>(c)];
  return at < end ? static_cast<uint32_t>(end - at) : 0;  // a slice may end in the tail-room
}

// Copies the front of the piece behind the last slice; returns how many bytes there was room for.
uint32_t SendQueue::Join(Stores& stores, const Piece& piece, SliceKind kind) {
  const uint32_t taken = std::min(RoomBehindTail(stores), piece.bytes);
  if (taken == 0) return 0;
  Slice& slice = stores.slices()[tail_];
  std::memcpy(slice.data + slice.bytes, piece.data, taken);
  slice.bytes += taken;
  if (slice.kind != kind) slice.kind = SliceKind::kBytes;
  bytes_ += taken;
  stores.Grow(taken);
  return taken;
}

bool SendQueue::Append(Stores& stores, Piece piece, SliceKind kind) {
  const uint32_t index = stores.slices().TryOpen(Slice{.data = piece.data,
                                                       .bytes = piece.bytes,
                                                       .buffer = piece.lease.id(),
                                                       .next = kNoSlot,
                                                       .kind = kind});
  if (index == kNoSlot) return false;
  const BufferClass c = stores.arena().ClassOf(piece.lease.Detach());
  (tail_ == kNoSlot ? head_ : stores.slices()[tail_].next) = index;
  tail_ = index;
  ++slices_;
  bytes_ += piece.bytes;
  footprint_ += Stores::FootprintOf(c);
  if (c == BufferClass::kSmall) ++kept_small_;
  if (c == BufferClass::kBulk) ++kept_bulk_;
  stores.Enter(c);
  stores.Grow(piece.bytes);
  return true;
}

// The newest pongs take the place of the last ones, if nothing stands behind those and not a byte
// of them has left (RFC 6455 5.5.3: an answer to the latest ping stands for all).
bool SendQueue::Replace(Stores& stores, const Piece& pongs) {
  if (tail_ == kNoSlot || in_flight_ == slices_) return false;
  Slice& slice = stores.slices()[tail_];
  if (slice.kind != SliceKind::kPongs || slice.data != stores.arena().Data(slice.buffer)) {
    return false;
  }
  std::memcpy(slice.data, pongs.data, pongs.bytes);
  bytes_ += pongs.bytes - slice.bytes;
  stores.Shrink(slice.bytes);
  stores.Grow(pongs.bytes);
  slice.bytes = pongs.bytes;
  return true;
}

// Moves the front of the piece to pooled buffers, as far as there are any.
void SendQueue::Copy(Stores& stores, uint32_t session, Piece& piece, SliceKind kind) {
  while (piece.bytes > 0) {
    uint32_t taken = Join(stores, piece, kind);
    if (taken == 0) {
      const bool fits_cell = piece.bytes <= kCellBytes;
      Piece into;
      // What comes alone is likely to stay alone; behind others more is likely to come.
      if (fits_cell && empty()) into.lease = stores.TakeCell(session, CellUse::kOrdinary);
      if (!into.lease) into.lease = stores.TakeQueueChunk();
      if (!into.lease && fits_cell) into.lease = stores.TakeCell(session, CellUse::kOrdinary);
      if (!into.lease) return;
      taken = std::min(kChunkBytes, piece.bytes);
      into.data = into.lease.data();
      into.bytes = taken;
      std::memcpy(into.data, piece.data, taken);
      if (!Append(stores, std::move(into), kind)) return;
    }
    piece.data += taken;
    piece.bytes -= taken;
    kind = SliceKind::kBytes;  // the rest of pongs that were cut is none that others may replace
  }
}

// Pongs that no session holds. Whole or not at all: half a pong would break the stream. Where the
// queue has its share already they get a cell of their own, so that newer ones may replace them.
PushResult SendQueue::PushCopy(Stores& stores, uint32_t session, const Piece& piece,
                               SliceKind kind) {
  RINGWAY_CHECK_OP(piece.bytes, <=, kLeastBytes);
  const bool is_over = IsOver(stores);
  const bool fits_behind = RoomBehindTail(stores) >= piece.bytes;
  Piece own{.bytes = piece.bytes};
  if (is_over || !fits_behind) own.lease = stores.TakeCell(session, CellUse::kOrdinary);
  if (!own.lease && fits_behind) {
    static_cast<void>(Join(stores, piece, kind));
    return PushResult::kQueued;
  }
  // One chunk at most beyond the share: newer pongs replace those in it.
  if (!own.lease && stores.HasSharedChunk()) own.lease = stores.TakeQueueChunk();
  if (!own.lease) return PushResult::kDropped;
  own.data = own.lease.data();
  std::memcpy(own.data, piece.data, piece.bytes);
  return Append(stores, std::move(own), kind) ? PushResult::kQueued : PushResult::kDropped;
}

bool SendQueue::MayKeep(const Stores& stores, BufferClass c) const {
  if (base::IsReceiveClass(c)) return stores.MayKeep(c, KeptOf(c), stalls_);
  // Cells behind a socket that takes nothing share a chunk; at a socket that does they cost less.
  return c != BufferClass::kCell || !stalls_;
}

PushResult SendQueue::Push(Stores& stores, uint32_t session, Piece piece, SliceKind kind) {
  RINGWAY_CHECK_OP(piece.bytes, >, 0);
  if (kind == SliceKind::kPongs && (stalls_ || IsOver(stores)) && Replace(stores, piece)) {
    return PushResult::kReplaced;
  }
  if (!piece.lease) return PushCopy(stores, session, piece, kind);
  if (piece.bytes <= kJoinBytesMax && RoomBehindTail(stores) >= piece.bytes) {
    static_cast<void>(Join(stores, piece, kind));
    return PushResult::kQueued;
  }
  const BufferClass c = stores.arena().ClassOf(piece.lease.id());
  if (!MayKeep(stores, c)) [[unlikely]] {
    Copy(stores, session, piece, kind);
    if (piece.bytes == 0) return PushResult::kMoved;
    const uint32_t share = std::max(stores.LimitBytes(), Stores::FootprintOf(BufferClass::kChunk));
    if (base::IsReceiveClass(c) && footprint_ > share) return PushResult::kExhausted;
  }
  return Append(stores, std::move(piece), kind) ? PushResult::kQueued : PushResult::kExhausted;
}

base::Lease SendQueue::PopFront(Stores& stores) {
  const uint32_t index = head_;
  Slice& slice = stores.slices()[index];
  base::Lease lease = stores.arena().Adopt(slice.buffer);
  const BufferClass c = stores.arena().ClassOf(slice.buffer);
  bytes_ -= slice.bytes;
  stores.Shrink(slice.bytes);
  footprint_ -= Stores::FootprintOf(c);
  if (c == BufferClass::kSmall) --kept_small_;
  if (c == BufferClass::kBulk) --kept_bulk_;
  stores.Leave(c);
  head_ = slice.next;
  if (head_ == kNoSlot) tail_ = kNoSlot;
  stores.slices().Close(index);
  --slices_;
  return lease;
}

void SendQueue::OnSent(Stores& stores, uint32_t session, uint32_t sent) {
  RINGWAY_CHECK_OP(sent, <=, bytes_);
  while (sent > 0) {
    RINGWAY_CHECK_OP(in_flight_, >, 0);
    Slice& slice = stores.slices()[head_];
    const uint32_t taken = std::min(sent, slice.bytes);
    sent -= taken;
    if (taken == slice.bytes) {
      PopFront(stores).Return();
      --in_flight_;
      continue;
    }
    slice.data += taken;
    slice.bytes -= taken;
    bytes_ -= taken;
    stores.Shrink(taken);
  }
  stalls_ = in_flight_ > 0;
  in_flight_ = 0;
  if (stalls_) Settle(stores, session);
}

// The socket takes no more for now. Where queues keep many receive buffers, this one's are given
// back to the ring and what is in them is copied, each byte once.
void SendQueue::Settle(Stores& stores, uint32_t session) {
  const auto is_dear = [&](BufferClass c) {
    return KeptOf(c) > 0 && stores.kept(c) > stores.arena().count(c) / kStalledPart;
  };
  if (!is_dear(BufferClass::kSmall) && !is_dear(BufferClass::kBulk)) return;
  SendQueue old = std::exchange(*this, SendQueue());
  stalls_ = true;
  while (!old.empty()) {
    const Slice slice = stores.slices()[old.head_];
    // What has left in part is no longer pongs that others may replace.
    const bool is_whole = slice.data == stores.arena().Data(slice.buffer);
    const SliceKind kind = is_whole ? slice.kind : SliceKind::kBytes;
    Piece piece{.lease = old.PopFront(stores), .data = slice.data, .bytes = slice.bytes};
    if (!MayKeep(stores, stores.arena().ClassOf(slice.buffer))) Copy(stores, session, piece, kind);
    if (piece.bytes == 0) continue;
    const bool is_queued = Append(stores, std::move(piece), kind);
    RINGWAY_CHECK(is_queued);  // at least the slice that was popped is free
  }
}

void SendQueue::Append(SlicePool& slices, SendQueue& behind) {
  RINGWAY_CHECK_OP(behind.in_flight_, ==, 0);
  if (behind.empty()) return;
  (tail_ == kNoSlot ? head_ : slices[tail_].next) = behind.head_;
  tail_ = behind.tail_;
  slices_ += behind.slices_;
  bytes_ += behind.bytes_;
  footprint_ += behind.footprint_;
  kept_small_ += behind.kept_small_;
  kept_bulk_ += behind.kept_bulk_;
  behind = SendQueue();
}

uint32_t SendQueue::Clear(Stores& stores) {
  RINGWAY_CHECK_OP(in_flight_, ==, 0);
  const uint32_t bytes = bytes_;
  while (head_ != kNoSlot) PopFront(stores).Return();
  stalls_ = false;
  return bytes;
}

}  // namespace ringway::flow
