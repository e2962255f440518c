// SPDX-License-Identifier: Apache-2.0
//
// Carving, counting and recycling of a worker's buffers.
#include "gateway/base/arena.h"

#include <algorithm>

namespace ringway::base {
namespace {

constexpr size_t kPageBytes = 4096;

constexpr size_t RoundUp(size_t bytes) { return (bytes + kPageBytes - 1) & ~(kPageBytes - 1); }

}  // namespace

absl::StatusOr<Arena> Arena::Map(const Counts& counts) {
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
  const size_t references_bytes = RoundUp(next * sizeof(uint16_t));
  auto tables = Mapping::Reserve(references_bytes + RoundUp(next * sizeof(uint32_t)) + kPageBytes,
                                 "arena's tables");
  if (!tables.ok()) return tables.status();
  arena.mapping_ = *std::move(memory);
  arena.tables_ = *std::move(tables);
  arena.references_ = reinterpret_cast<uint16_t*>(arena.tables_.data());
  arena.free_ = reinterpret_cast<uint32_t*>(arena.tables_.data() + references_bytes);
  return arena;
}

// Buffers that came back are used before ones that were never touched: an arena costs the memory
// of its peak, not of its bound.
uint32_t Arena::PopFree(BufferClass c) {
  ClassLayout& layout = layout_[Index(c)];
  if (layout.free_count > 0) return free_[layout.first + --layout.free_count];
  return layout.untouched < layout.count ? layout.untouched++ : kNone;
}

Lease Arena::TryTake(BufferClass pooled_class) {
  RINGWAY_CHECK(!IsReceiveClass(pooled_class));
  const uint32_t index = PopFree(pooled_class);
  if (index == kNone) return Lease();
  const BufferId id = IdOf(pooled_class, index);
  references_[id] = 1;
  ++layout_[Index(pooled_class)].leased;
  return Lease(this, id);
}

uint32_t Arena::PopReturned(BufferClass receive_class) {
  RINGWAY_CHECK(IsReceiveClass(receive_class));
  return PopFree(receive_class);
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

void Arena::Trim() {
  for (size_t i = 0; i < kBufferClasses; ++i) {
    const ClassLayout& layout = layout_[i];
    const size_t stride = Stride(static_cast<BufferClass>(i));
    uint32_t first = 0;
    for (uint32_t index = 0; index <= layout.untouched; ++index) {
      const bool is_free = index < layout.untouched && references_[layout.first + index] == 0;
      if (is_free) continue;
      mapping_.Release(layout.offset + first * stride, (index - first) * stride);
      first = index + 1;
    }
  }
}

void Arena::AddReference(BufferId id) {
  RINGWAY_CHECK_OP(references_[id], >, 0);
  RINGWAY_CHECK_OP(references_[id], <, UINT16_MAX);
  ++references_[id];
}

void Arena::DropReference(BufferId id) {
  RINGWAY_CHECK_OP(references_[id], >, 0);
  if (--references_[id] > 0) return;
  ClassLayout& layout = layout_[Index(ClassOf(id))];
  --layout.leased;
  free_[layout.first + layout.free_count++] = id - layout.first;
}

}  // namespace ringway::base
