// SPDX-License-Identifier: Apache-2.0
//
// Reading published rings.
#include "tests/sim/buffer_groups.h"

#include <algorithm>
#include <cerrno>

namespace ringway::sim {
namespace {

/// What a buffer holds between its offer and its use. Bulk buffers are only overwritten where a
/// reader would look first.
constexpr uint8_t kPoison = 0xdb;
constexpr size_t kPoisonBytesMax = 2048;

io_uring_buf& EntryOf(io_uring_buf_ring* ring, uint32_t at) {
  // WHY not ring->bufs: the array lies in an anonymous structure of some headers.
  return reinterpret_cast<io_uring_buf*>(ring)[at];
}

uint16_t TailOf(const io_uring_buf_ring* ring) {
  return __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
}

}  // namespace

int BufferGroups::Register(const io_uring_buf_reg& registration) {
  const uint32_t entries = registration.ring_entries;
  if (entries == 0 || (entries & (entries - 1)) != 0 || entries > 32768) return -EINVAL;
  if (groups_.contains(registration.bgid)) return -EEXIST;
  auto* ring = reinterpret_cast<io_uring_buf_ring*>(registration.ring_addr);
  groups_[registration.bgid] = {.ring = ring,
                                .entries = static_cast<uint16_t>(entries),
                                .in_ring = std::vector<bool>(65536 / 8)};
  return 0;
}

int BufferGroups::Unregister(uint16_t group) { return groups_.erase(group) == 1 ? 0 : -EINVAL; }

void BufferGroups::Observe() {
  offered_.clear();
  for (auto& [number, group] : groups_) {
    const uint16_t tail = TailOf(group.ring);
    for (; group.seen != tail; ++group.seen) {
      const io_uring_buf& entry = EntryOf(group.ring, group.seen & (group.entries - 1));
      if (entry.bid >= group.in_ring.size()) group.in_ring.resize(entry.bid + 1U);
      if (group.in_ring[entry.bid]) {
        verdict_->Fail("buffer %u of group %u was offered twice", entry.bid, number);
      }
      group.in_ring[entry.bid] = true;
      auto* bytes = reinterpret_cast<uint8_t*>(entry.addr);
      std::fill_n(bytes, std::min<size_t>(entry.len, kPoisonBytesMax), kPoison);
      offered_.push_back({bytes, entry.len});
    }
    if (static_cast<uint16_t>(tail - group.head) > group.entries) {
      verdict_->Fail("group %u: more buffers are offered than its ring has entries", number);
    }
  }
}

uint32_t BufferGroups::Available(uint16_t group) const {
  const auto found = groups_.find(group);
  if (found == groups_.end()) return 0;
  return static_cast<uint16_t>(TailOf(found->second.ring) - found->second.head);
}

std::optional<OfferedBuffer> BufferGroups::Front(uint16_t group) const {
  if (Available(group) == 0) return std::nullopt;
  const Group& from = groups_.at(group);
  const io_uring_buf& entry = EntryOf(from.ring, from.head & (from.entries - 1));
  return OfferedBuffer{{reinterpret_cast<uint8_t*>(entry.addr), entry.len}, entry.bid};
}

void BufferGroups::Take(uint16_t group) {
  Group& from = groups_.at(group);
  from.in_ring[EntryOf(from.ring, from.head & (from.entries - 1)).bid] = false;
  ++from.head;
}

}  // namespace ringway::sim
