// SPDX-License-Identifier: Apache-2.0
//
// Shares, worked out when they are asked for.
#include "gateway/flow/stores.h"

#include <algorithm>

namespace ringway::flow {
namespace {

using base::BufferClass;

constexpr uint32_t kChunkBytes = base::kBufferBytes[static_cast<size_t>(BufferClass::kChunk)];
constexpr uint32_t kBulkChunks =
    base::kBufferBytes[static_cast<size_t>(BufferClass::kBulk)] / kChunkBytes;

/// One turn brings at most what both rings hold: a small buffer may need a chunk of its own, a bulk
/// one four. Where there are few chunks, half of them: then a turn's overrun may stay in its
/// buffers.
uint32_t ReserveOf(const base::Limits& limits) {
  return std::min(limits.small_buffers + kBulkChunks * limits.bulk_buffers, limits.chunks / 2);
}

}  // namespace

Stores::Stores(base::Arena& arena, SlicePool& slices, const base::Limits& limits)
    : arena_(&arena),
      slices_(&slices),
      sessions_(limits.sessions_per_worker_max),
      window_bytes_(limits.window_bytes),
      budget_bytes_(limits.worker_queued_bytes_max),
      reserve_chunks_(ReserveOf(limits)),
      held_chunks_max_(limits.chunks / 4),
      surplus_cells_max_(limits.cells -
                         std::min(limits.cells, base::kCellsPerSession * sessions_)) {}

base::Lease Stores::TakeCell(uint32_t session, CellUse use) {
  const uint32_t own = arena_->held(session);
  const uint32_t own_max =
      use == CellUse::kLastWord ? base::kCellsPerSession : base::kCellsPerSession - 1;
  if (own < own_max) return arena_->TryTake(BufferClass::kCell, session);
  if (arena_->held(surplus_cells()) >= surplus_cells_max_) return {};
  return arena_->TryTake(BufferClass::kCell, surplus_cells());
}

bool Stores::IsHeldShareUsed(base::AccountId account) const {
  const uint32_t charged = std::min(arena_->charged(BufferClass::kChunk), held_chunks_max_);
  return arena_->held(account) >= held_chunks_max_ - charged;
}

base::Lease Stores::TakeHeldChunk(base::AccountId account) {
  if (IsHeldShareUsed(account)) return {};
  return arena_->TryTake(BufferClass::kChunk, account);
}

uint32_t Stores::LimitBytes() const {
  const uint32_t shared = arena_->count(BufferClass::kChunk) - reserve_chunks_;
  const uint64_t chunks_free = shared - std::min(shared, arena_->leased(BufferClass::kChunk));
  const uint64_t spent = footprint_ + pipe_bytes_;
  const uint64_t budget_free = budget_bytes_ - std::min(budget_bytes_, spent);
  return static_cast<uint32_t>(
      std::min({uint64_t{window_bytes_}, Threshold(chunks_free * kChunkBytes, kShareDivisor),
                Threshold(budget_free, kShareDivisor)}));
}

bool Stores::MayKeep(BufferClass c, uint32_t kept, bool stalls) const {
  const uint32_t all = arena_->count(c) / (stalls ? 8 : 4);
  const uint32_t taken = std::min(all, kept_[static_cast<size_t>(c)]);
  // WHY not a quotient: of less than four that are free, the first still may have one.
  return uint64_t{kept} * kKeptDivisor < all - taken;
}

void Stores::Enter(BufferClass c) {
  footprint_ += FootprintOf(c);
  ++kept_[static_cast<size_t>(c)];
}

void Stores::Leave(BufferClass c) {
  footprint_ -= FootprintOf(c);
  --kept_[static_cast<size_t>(c)];
}

}  // namespace ringway::flow
