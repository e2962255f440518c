// SPDX-License-Identifier: Apache-2.0
//
// The list of slices, and when bytes move to pooled chunks.
#include "gateway/flow/send_queue.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace ringway::flow {
namespace {

using base::Arena;
using base::BufferClass;
using base::kBufferBytes;
using base::kNoSlot;
using base::Piece;

constexpr uint32_t kChunkBytes = kBufferBytes[static_cast<size_t>(BufferClass::kChunk)];

/// Three quarters of a class on loan: what stalled sockets hold at most while the last quarter
/// keeps everybody else's receives going. At half, bulk traffic of a few busy links would already
/// be copied; at nine tenths, a turn of 33 receives could drain what is left.
bool RunsShort(const Arena& arena, BufferClass receive_class) {
  return arena.leased(receive_class) >= arena.count(receive_class) / 4 * 3;
}

/// Slices of receive buffers that one queue keeps; what joins it then moves to chunks. Twice what
/// one send takes: a socket that takes its sends is never copied for, and one that stalls while its
/// source sends single bytes holds no more buffers than this.
constexpr uint32_t kSlicesKept = 128;

void Count(Returned& returned, const Arena& arena, const Slice& slice, uint32_t bytes) {
  if (slice.source == Source::kClient) returned.client_bytes += bytes;
  if (slice.source == Source::kBackend) returned.backend_bytes += bytes;
  if (arena.ClassOf(slice.buffer) == BufferClass::kLent) returned.lent_bytes += bytes;
  returned.bytes += bytes;
}

}  // namespace

// A pooled buffer at the end of the queue that nobody else holds (neither the kernel nor a session
// that has not read all of it) takes more bytes of the same source while it has room: small slices
// do not cost a buffer each. Returns the bytes it took.
uint32_t SendQueue::AppendToTail(SlicePool& pool, Arena& arena, const Piece& piece, Source source,
                                 BufferClass tail_class) {
  if (tail_ == kNoSlot || in_flight_ == slices_) return 0;
  Slice& slice = pool[tail_];
  if (slice.source != source || arena.ClassOf(slice.buffer) != tail_class) return 0;
  if (arena.IsShared(slice.buffer)) return 0;
  uint8_t* at = slice.data + slice.bytes;
  const uint8_t* end = arena.Data(slice.buffer) + kBufferBytes[static_cast<size_t>(tail_class)];
  if (at >= end) return 0;  // A slice may end in the tail-room.
  const uint32_t taken = std::min(static_cast<uint32_t>(end - at), piece.bytes);
  std::memcpy(at, piece.data, taken);
  slice.bytes += taken;
  bytes_ += taken;
  return taken;
}

bool SendQueue::Append(SlicePool& pool, Piece piece, Source source) {
  const uint32_t index = pool.TryOpen(Slice{.data = piece.data,
                                            .bytes = piece.bytes,
                                            .buffer = piece.lease.id(),
                                            .next = kNoSlot,
                                            .source = source});
  if (index == kNoSlot) return false;
  piece.lease.Detach();
  if (tail_ == kNoSlot) {
    head_ = index;
  } else {
    pool[tail_].next = index;
  }
  tail_ = index;
  ++slices_;
  bytes_ += piece.bytes;
  return true;
}

// Moves the front of the piece to chunks for as long as there are any. What is left stays in its
// receive buffer.
void SendQueue::MoveToChunks(SlicePool& pool, Arena& arena, Piece& piece, Source source) {
  while (piece.bytes > 0) {
    uint32_t taken = AppendToTail(pool, arena, piece, source, BufferClass::kChunk);
    if (taken == 0) {
      Piece chunk{.lease = arena.TryTake(BufferClass::kChunk)};
      if (!chunk.lease) return;
      taken = std::min(kChunkBytes, piece.bytes);
      chunk.data = chunk.lease.data();
      chunk.bytes = taken;
      std::memcpy(chunk.data, piece.data, taken);
      if (!Append(pool, std::move(chunk), source)) return;
    }
    piece.data += taken;
    piece.bytes -= taken;
  }
}

PushResult SendQueue::Push(SlicePool& pool, Arena& arena, Piece piece, Source source) {
  RINGWAY_CHECK_OP(piece.bytes, >, 0);
  const BufferClass c = arena.ClassOf(piece.lease.id());
  const bool waits_long = slices_ >= kSlicesKept;
  if (base::IsReceiveClass(c) && (waits_long || RunsShort(arena, c))) [[unlikely]] {
    MoveToChunks(pool, arena, piece, source);
    if (piece.bytes == 0) return PushResult::kMoved;
  }
  // WHY: a client that sends pings and reads nothing would hold a cell for each pong of two bytes,
  // until nobody else finds one.
  if (c == BufferClass::kCell) {
    const uint32_t taken = AppendToTail(pool, arena, piece, source, c);
    piece.data += taken;
    piece.bytes -= taken;
    if (piece.bytes == 0) return PushResult::kQueued;
  }
  return Append(pool, std::move(piece), source) ? PushResult::kQueued : PushResult::kExhausted;
}

void SendQueue::PopFront(SlicePool& pool, Arena& arena) {
  const uint32_t index = head_;
  arena.Adopt(pool[index].buffer).Return();
  head_ = pool[index].next;
  if (head_ == kNoSlot) tail_ = kNoSlot;
  pool.Close(index);
  --slices_;
}

Returned SendQueue::OnSent(SlicePool& pool, Arena& arena, uint32_t sent) {
  RINGWAY_CHECK_OP(sent, <=, bytes_);
  Returned returned;
  bytes_ -= sent;
  while (sent > 0) {
    RINGWAY_CHECK_OP(in_flight_, >, 0);
    Slice& slice = pool[head_];
    const uint32_t taken = std::min(sent, slice.bytes);
    Count(returned, arena, slice, taken);
    sent -= taken;
    slice.data += taken;
    slice.bytes -= taken;
    if (slice.bytes > 0) break;
    PopFront(pool, arena);
    --in_flight_;
  }
  in_flight_ = 0;
  return returned;
}

uint32_t SendQueue::BytesOf(SlicePool& pool, Source source) const {
  uint32_t bytes = 0;
  for (uint32_t at = head_; at != kNoSlot; at = pool[at].next) {
    if (pool[at].source == source) bytes += pool[at].bytes;
  }
  return bytes;
}

Returned SendQueue::Clear(SlicePool& pool, Arena& arena) {
  RINGWAY_CHECK_OP(in_flight_, ==, 0);
  Returned returned;
  while (head_ != kNoSlot) {
    Count(returned, arena, pool[head_], pool[head_].bytes);
    PopFront(pool, arena);
  }
  bytes_ = 0;
  return returned;
}

}  // namespace ringway::flow
