// SPDX-License-Identifier: Apache-2.0
//
// What the sessions of one worker share to keep bytes in, and each one's share of it: chunks,
// cells, slices, receive buffers that wait in queues, and the budget over all queues. The rules:
//
//   - a queue's limit is a dynamic threshold of chunks and budget (credit.h);
//   - some chunks are a reserve for what a turn brings beyond that: bytes that were received always
//     have a place;
//   - queues keep at most a quarter of each class of receive buffers, each a threshold of that, so
//     that the rest of each ring is always free to receive;
//   - each session has two cells for itself: one for what it holds or answers, one for its last
//     word (a Close, a refusal). Only cells beyond two a session are for whoever comes first;
//   - heads and handshakes under way hold at most a quarter of the chunks together, and an account
//     of them (half-open clients, one backend) never more than what is free of that quarter: so the
//     first has half at most, the second a quarter, and something is left for the next.
#pragma once

#include <array>
#include <cstdint>
#include <utility>

#include "gateway/base/arena.h"
#include "gateway/base/limits.h"
#include "gateway/base/slab.h"
#include "gateway/flow/credit.h"

namespace ringway::flow {

enum class SliceKind : uint8_t {
  kBytes,
  kPongs,  ///< nothing but pongs: newer ones may take their place
};

/// One entry of a queue.
struct Slice {
  uint8_t* data = nullptr;
  uint32_t bytes = 0;
  base::BufferId buffer = 0;  ///< one reference on it belongs to the slice
  uint32_t next = base::kNoSlot;
  SliceKind kind = SliceKind::kBytes;
};

/// The slices of one worker's queues. A slice holds at least one lease, and sessions put at most
/// one slice of a received buffer into a queue; lent memory may stand in many, each behind a head.
using SlicePool = base::Slab<Slice>;

/// What a slice adds to the footprint of a queue.
inline constexpr uint32_t kSliceBytes = SlicePool::kSlotBytes;
static_assert(kSliceBytes == 32);

enum class CellUse : uint8_t {
  kOrdinary,  ///< what a session holds, or answers
  kLastWord,  ///< a Close or a refusal: nothing of the gateway's comes behind it
};

/// One worker's. One thread. Arena and slices must outlive it.
class Stores {
 public:
  Stores(base::Arena& arena, SlicePool& slices, const base::Limits& limits);

  /// Accounts of the arena that a worker with so many sessions and backends needs.
  static uint32_t AccountsOf(uint32_t sessions, uint32_t backends) {
    return sessions + kOtherAccounts + backends;
  }
  /// Sessions have the accounts from 0 on, by their slots. The others, for TakeHeldChunk:
  base::AccountId surplus_cells() const { return sessions_; }
  base::AccountId half_open() const { return sessions_ + 1; }
  base::AccountId held() const { return sessions_ + 2; }
  base::AccountId asking() const { return sessions_ + 3; }
  base::AccountId backend(uint32_t index) const { return sessions_ + kOtherAccounts + index; }

  /// A cell, by the session's slot; or an empty lease. A session's first kLastWord always finds
  /// one.
  base::Lease TakeCell(uint32_t session, CellUse use);
  /// A chunk for bytes that enter a queue, which is charged for it; or an empty lease.
  base::Lease TakeQueueChunk() { return arena_->TryTake(base::BufferClass::kChunk); }
  /// A buffer of at least a cell's size for bytes that enter a queue of the session's.
  base::Lease TakeForQueue(uint32_t session) {
    base::Lease lease = TakeCell(session, CellUse::kOrdinary);
    return lease ? std::move(lease) : TakeQueueChunk();
  }
  /// A chunk for what a session holds outside of queues, charged to one of the accounts above; or
  /// an empty lease: that account has its share.
  base::Lease TakeHeldChunk(base::AccountId account);
  /// Whether the next TakeHeldChunk of the account finds nothing.
  bool IsHeldShareUsed(base::AccountId account) const;

  /// What any one queue may hold now, as footprint.
  uint32_t LimitBytes() const;
  /// Whether a chunk is free beyond the reserve.
  bool HasSharedChunk() const {
    return arena_->leased(base::BufferClass::kChunk) + reserve_chunks_ <
           arena_->count(base::BufferClass::kChunk);
  }
  /// Whether a queue that has so many slices may have more: lent memory costs little else.
  bool MayAddSlices(uint32_t slices) const {
    return slices < Threshold(slices_->count() - slices_->open(), kShareDivisor);
  }
  /// Whether a queue that keeps `kept` receive buffers of the class may keep one more. One that
  /// `stalls` may so use half of what the others may: what its peer does not take for long is
  /// copied, so that who is taken from at once need not be.
  bool MayKeep(base::BufferClass c, uint32_t kept, bool stalls) const;

  /// What queues say when something enters or leaves them.
  void Enter(base::BufferClass c);
  void Leave(base::BufferClass c);
  void Grow(uint32_t bytes) { bytes_ += bytes; }
  void Shrink(uint32_t bytes) { bytes_ -= bytes; }
  /// Pipes that hold bytes count toward the budget with their full size.
  void SetPipeBytes(uint64_t bytes) { pipe_bytes_ = bytes; }

  /// In all queues: what waits, and what it costs.
  uint64_t bytes() const { return bytes_; }
  uint64_t footprint() const { return footprint_; }
  uint32_t kept(base::BufferClass c) const { return kept_[static_cast<size_t>(c)]; }
  uint32_t reserve_chunks() const { return reserve_chunks_; }

  base::Arena& arena() { return *arena_; }
  SlicePool& slices() { return *slices_; }

  /// What a buffer of the class adds to a footprint. Lent memory is in memory once, and not for the
  /// sake of a queue.
  static constexpr uint32_t FootprintOf(base::BufferClass c) {
    return base::kBufferBytes[static_cast<size_t>(c)] + kSliceBytes;
  }

 private:
  static constexpr uint32_t kOtherAccounts = 4;

  base::Arena* arena_;
  SlicePool* slices_;
  uint32_t sessions_;
  uint32_t window_bytes_;
  uint64_t budget_bytes_;
  uint32_t reserve_chunks_;
  uint32_t held_chunks_max_;
  uint32_t surplus_cells_max_;
  uint64_t bytes_ = 0;
  uint64_t footprint_ = 0;
  uint64_t pipe_bytes_ = 0;
  std::array<uint32_t, base::kBufferClasses> kept_{};
};

}  // namespace ringway::flow
