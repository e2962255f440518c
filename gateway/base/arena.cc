// SPDX-License-Identifier: Apache-2.0
//
// Carving, counting and recycling of a worker's buffers.
#include "gateway/base/arena.h"

#include <algorithm>

namespace ringway::base {
namespace {

constexpr size_t kPageBytes = 4096;

constexpr size_t kLentIndex = static_cast<size_t>(BufferClass::kLent);

constexpr size_t RoundUp(size_t bytes) { return (bytes + kPageBytes - 1) & ~(kPageBytes - 1); }

}  // namespace

absl::StatusOr<Arena> Arena::Map(const Counts& counts, uint32_t accounts) {
  Arena arena;
  size_t bytes = 0;
  BufferId next = 0;
  for (size_t i = 0; i < kBufferClasses; ++i) {
    const auto c = static_cast<BufferClass>(i);
    if (IsReceiveClass(c)) RINGWAY_CHECK_OP(counts[i], <=, 65536U);
    arena.layout_[i] = {.first = next, .count = counts[i], .offset = bytes};
    next += counts[i];
    bytes += RoundUp(counts[i] * Stride(c));
  }
  auto memory = Mapping::Reserve(std::max(bytes, kPageBytes), "arena");
  if (!memory.ok()) return memory.status();
  // Nobody has returned a lent buffer before somebody lent it: none is there at start.
  arena.layout_[kLentIndex].untouched = counts[kLentIndex];
  const size_t table_bytes = RoundUp(next * sizeof(uint32_t));
  const size_t lent_bytes = RoundUp(counts[kLentIndex] * sizeof(const uint8_t*));
  const size_t pooled = next - arena.layout_[Index(kFirstPooled)].first;
  const size_t account_bytes = RoundUp(pooled * sizeof(AccountId));
  const size_t held_bytes = RoundUp(accounts * sizeof(uint32_t));
  auto tables = Mapping::Reserve(
      2 * table_bytes + lent_bytes + account_bytes + held_bytes + kPageBytes, "arena's tables");
  if (!tables.ok()) return tables.status();
  arena.mapping_ = *std::move(memory);
  arena.tables_ = *std::move(tables);
  arena.references_ = reinterpret_cast<uint32_t*>(arena.tables_.data());
  arena.free_ = reinterpret_cast<uint32_t*>(arena.tables_.data() + table_bytes);
  uint8_t* at = arena.tables_.data() + 2 * table_bytes;
  arena.lent_ = reinterpret_cast<const uint8_t**>(at);
  arena.account_of_ = reinterpret_cast<AccountId*>(at + lent_bytes);
  arena.held_ = reinterpret_cast<uint32_t*>(at + lent_bytes + account_bytes);
  return arena;
}

// Buffers that came back are used before ones that were never touched: an arena costs the memory
// of its peak, not of its bound.
uint32_t Arena::PopFree(BufferClass c) {
  ClassLayout& layout = layout_[Index(c)];
  if (layout.free_count > 0) return free_[layout.first + --layout.free_count];
  return layout.untouched < layout.count ? layout.untouched++ : kNone;
}

Lease Arena::TryTake(BufferClass pooled_class, AccountId account) {
  RINGWAY_CHECK(!IsReceiveClass(pooled_class) && pooled_class != BufferClass::kLent);
  const uint32_t index = PopFree(pooled_class);
  if (index == kNone) return Lease();
  const BufferId id = IdOf(pooled_class, index);
  references_[id] = 1;
  ClassLayout& layout = layout_[Index(pooled_class)];
  ++layout.leased;
  AccountOf(id) = account;
  if (account != kNoAccount) {
    ++layout.charged;
    ++held_[account];
  }
  return Lease(this, id);
}

uint32_t Arena::PopReturned(BufferClass c) {
  RINGWAY_CHECK(IsReceiveClass(c) || c == BufferClass::kLent);
  return PopFree(c);
}

Lease Arena::Receive(BufferClass receive_class, uint32_t index) {
  ClassLayout& layout = layout_[Index(receive_class)];
  RINGWAY_CHECK_OP(index, <, layout.count);
  const BufferId id = layout.first + index;
  RINGWAY_CHECK_OP(references_[id], ==, 0);
  references_[id] = 1;
  ++layout.leased;
  return Lease(this, id);
}

Lease Arena::Lend(uint32_t index, const uint8_t* data) {
  ClassLayout& layout = layout_[kLentIndex];
  RINGWAY_CHECK_OP(index, <, layout.count);
  // Indices that wait in PopReturned cannot be lent again: so their stack never overflows.
  RINGWAY_CHECK_OP(layout.leased + layout.free_count, <, layout.count);
  const BufferId id = layout.first + index;
  RINGWAY_CHECK_OP(references_[id], ==, 0);
  references_[id] = 1;
  lent_[index] = data;
  ++layout.leased;
  return Lease(this, id);
}

// WHY the const_cast: a lease is one type, and most are of memory that their holder writes. Of lent
// memory everybody only reads; the kernel sends it, and a write to a file's mapping would fault.
uint8_t* Arena::LentData(BufferId id) const {
  return const_cast<uint8_t*>(lent_[id - layout_[kLentIndex].first]);
}

std::span<uint8_t> Arena::Pin(BufferClass pooled_class, uint32_t count) {
  RINGWAY_CHECK(!IsReceiveClass(pooled_class) && pooled_class != BufferClass::kLent);
  ClassLayout& layout = layout_[Index(pooled_class)];
  layout.pinned = std::min(count, layout.count);
  return {mapping_.data() + layout.offset, layout.pinned * Stride(pooled_class)};
}

void Arena::Trim() {
  for (size_t i = 0; i < kLentIndex; ++i) {
    const ClassLayout& layout = layout_[i];
    const size_t stride = Stride(static_cast<BufferClass>(i));
    uint32_t first = layout.pinned;
    for (uint32_t index = first; index <= layout.untouched; ++index) {
      const bool is_free = index < layout.untouched && references_[layout.first + index] == 0;
      if (is_free) continue;
      mapping_.Release(layout.offset + first * stride, (index - first) * stride);
      first = index + 1;
    }
  }
}

void Arena::AddReference(BufferId id) {
  RINGWAY_CHECK_OP(references_[id], >, 0);
  RINGWAY_CHECK_OP(references_[id], <, UINT32_MAX);
  ++references_[id];
}

void Arena::DropReference(BufferId id) {
  RINGWAY_CHECK_OP(references_[id], >, 0);
  if (--references_[id] > 0) return;
  const BufferClass c = ClassOf(id);
  ClassLayout& layout = layout_[Index(c)];
  --layout.leased;
  if (c == BufferClass::kChunk || c == BufferClass::kCell) {
    if (const AccountId account = AccountOf(id); account != kNoAccount) {
      --layout.charged;
      --held_[account];
    }
  }
  free_[layout.first + layout.free_count++] = id - layout.first;
}

}  // namespace ringway::base
