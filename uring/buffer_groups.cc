// SPDX-License-Identifier: Apache-2.0
//
// Reading published rings.
#include "uring/buffer_groups.h"

#include <cerrno>

namespace ringway::uring {
namespace {

constexpr uint32_t kEntriesMax = 32'768;
/// The smallest page that there is: io_uring wants a ring to begin with one.
constexpr uint64_t kPageBytes = 4096;

uint16_t TailOf(const io_uring_buf_ring* ring) {
  return __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
}

OfferedBuffer BufferAt(const io_uring_buf_ring* ring, uint32_t at) {
  // WHY not ring->bufs: the array lies in an anonymous structure of some headers.
  const io_uring_buf& entry = reinterpret_cast<const io_uring_buf*>(ring)[at];
  return {{reinterpret_cast<uint8_t*>(entry.addr), entry.len}, entry.bid};
}

}  // namespace

int BufferGroups::Register(const io_uring_buf_reg& registration) {
  if (registration.ring_addr == 0) return -EFAULT;
  if (registration.ring_addr % kPageBytes != 0) return -EINVAL;
  const uint32_t entries = registration.ring_entries;
  if (entries == 0 || (entries & (entries - 1)) != 0 || entries > kEntriesMax) return -EINVAL;
  if (groups_.contains(registration.bgid)) return -EEXIST;
  groups_[registration.bgid] = {
      .ring = reinterpret_cast<io_uring_buf_ring*>(registration.ring_addr),
      .mask = static_cast<uint16_t>(entries - 1)};
  return 0;
}

int BufferGroups::Unregister(uint16_t group) { return groups_.erase(group) == 1 ? 0 : -ENOENT; }

uint16_t BufferGroups::published(uint16_t group) const { return TailOf(groups_.at(group).ring); }

OfferedBuffer BufferGroups::At(uint16_t group, uint16_t place) const {
  const Group& from = groups_.at(group);
  return BufferAt(from.ring, place & from.mask);
}

uint32_t BufferGroups::Available(uint16_t group) const {
  const auto found = groups_.find(group);
  if (found == groups_.end()) return 0;
  return static_cast<uint16_t>(TailOf(found->second.ring) - found->second.head);
}

std::optional<OfferedBuffer> BufferGroups::Front(uint16_t group) const {
  if (Available(group) == 0) return std::nullopt;
  return At(group, taken(group));
}

void BufferGroups::Take(uint16_t group) { ++groups_.at(group).head; }

}  // namespace ringway::uring
