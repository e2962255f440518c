// SPDX-License-Identifier: Apache-2.0
//
// What is due for one socket, in order: a list of slices, each a run of bytes in a leased buffer.
// The front of the list may be with the kernel (one send at a time); the rest waits. A slice is
// never copied, except when receive buffers run short: then what joins a queue moves to pooled
// chunks, so that a stalled socket cannot take the buffers that all others receive into; and cells
// (pongs, say) that wait one behind the other are joined.
//
// The X behind the data: a SendQueue is what each link pays for; SlicePool is shared by a worker.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "gateway/base/arena.h"
#include "gateway/base/ids.h"
#include "gateway/base/slab.h"

namespace ringway::flow {

/// Who gets credit back when a slice has left.
enum class Source : uint8_t {
  kClient = 0,   ///< the session's client
  kBackend = 1,  ///< the session's backend
  kGateway,      ///< nobody: the gateway made it (an answer, a ping, a Close)
};

/// One entry of a queue.
struct Slice {
  uint8_t* data = nullptr;
  uint32_t bytes = 0;
  base::BufferId buffer = 0;  ///< one reference on it belongs to the slice
  uint32_t next = base::kNoSlot;
  Source source = Source::kGateway;
};

/// The slices of one worker's queues. A slice holds at least one lease, and sessions put at most
/// one slice of a received buffer into a queue; lent memory may stand in many, each behind a head.
using SlicePool = base::Slab<Slice>;

/// Credit that a completed send gives back, by source.
struct Returned {
  uint32_t client_bytes = 0;
  uint32_t backend_bytes = 0;
  uint32_t bytes = 0;       ///< all of it, the gateway's own too
  uint32_t lent_bytes = 0;  ///< of these: in memory of class kLent, which no queue costs

  Returned& operator+=(const Returned& more) {
    client_bytes += more.client_bytes;
    backend_bytes += more.backend_bytes;
    bytes += more.bytes;
    lent_bytes += more.lent_bytes;
    return *this;
  }
};

enum class [[nodiscard]] PushResult : uint8_t{
    kQueued,
    kMoved,      ///< queued, all of it by copying it to chunks
    kExhausted,  ///< no slice was free; a part may have been queued: the session has to end
};

/// Bounds: bytes by the credit of its two sources, slices by the pool. One thread.
class SendQueue {
 public:
  /// Puts the piece at the end. REQUIRES: piece.bytes > 0.
  PushResult Push(SlicePool& pool, base::Arena& arena, base::Piece piece, Source source);

  /// Calls take(data, bytes) for slices from the front while it returns true, and marks those for
  /// which it did as in flight. REQUIRES: nothing is in flight.
  template <typename Take>
  uint32_t TakeFront(SlicePool& pool, Take&& take) {
    RINGWAY_CHECK_OP(in_flight_, ==, 0);
    for (uint32_t at = head_; at != base::kNoSlot; at = pool[at].next) {
      if (!take(pool[at].data, pool[at].bytes)) break;
      ++in_flight_;
    }
    return in_flight_;
  }

  /// The send ended and the socket took `sent` bytes from the front: their leases go back, what is
  /// left of the slices in flight waits again.
  Returned OnSent(SlicePool& pool, base::Arena& arena, uint32_t sent);

  /// Discards everything. REQUIRES: nothing is in flight.
  Returned Clear(SlicePool& pool, base::Arena& arena);

  /// Those of its bytes that came from `source`. Walks the queue: not for the message path.
  uint32_t BytesOf(SlicePool& pool, Source source) const;

  bool empty() const { return head_ == base::kNoSlot; }
  uint32_t bytes() const { return bytes_; }
  uint32_t slices() const { return slices_; }
  uint32_t in_flight() const { return in_flight_; }

 private:
  uint32_t AppendToTail(SlicePool& pool, base::Arena& arena, const base::Piece& piece,
                        Source source, base::BufferClass tail_class);
  [[nodiscard]] bool Append(SlicePool& pool, base::Piece piece, Source source);
  void MoveToChunks(SlicePool& pool, base::Arena& arena, base::Piece& piece, Source source);
  void PopFront(SlicePool& pool, base::Arena& arena);

  uint32_t head_ = base::kNoSlot;
  uint32_t tail_ = base::kNoSlot;
  uint32_t slices_ = 0;
  uint32_t in_flight_ = 0;  ///< slices from the front that the kernel holds
  uint32_t bytes_ = 0;
};

}  // namespace ringway::flow
