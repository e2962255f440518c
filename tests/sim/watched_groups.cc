// SPDX-License-Identifier: Apache-2.0
//
// What is seen of a buffer between its offer and its use.
#include "tests/sim/watched_groups.h"

#include <algorithm>

namespace ringway::sim {
namespace {

/// What a buffer holds in that time. Bulk buffers are only overwritten where a reader would look
/// first.
constexpr uint8_t kPoison = 0xdb;
constexpr size_t kPoisonBytesMax = 2048;
/// A ring numbers its buffers with 16 bits.
constexpr size_t kBuffersMax = 65'536;

}  // namespace

int WatchedGroups::Register(const io_uring_buf_reg& registration) {
  const int result = groups_.Register(registration);
  if (result < 0) return result;
  watches_[registration.bgid] = {.entries = registration.ring_entries,
                                 .in_ring = std::vector<bool>(kBuffersMax)};
  return result;
}

int WatchedGroups::Unregister(uint16_t group) {
  watches_.erase(group);
  return groups_.Unregister(group);
}

void WatchedGroups::Observe() {
  offered_.clear();
  for (auto& [number, watch] : watches_) {
    const uint16_t published = groups_.published(number);
    for (; watch.seen != published; ++watch.seen) {
      const uring::OfferedBuffer buffer = groups_.At(number, watch.seen);
      if (watch.in_ring[buffer.index]) {
        verdict_->Fail("buffer %u of group %u was offered twice", buffer.index, number);
      }
      watch.in_ring[buffer.index] = true;
      std::fill_n(buffer.bytes.data(), std::min(buffer.bytes.size(), kPoisonBytesMax), kPoison);
      offered_.push_back(buffer.bytes);
    }
    if (groups_.Available(number) > watch.entries) {
      verdict_->Fail("group %u: more buffers are offered than its ring has entries", number);
    }
  }
}

void WatchedGroups::Take(uint16_t group) {
  watches_.at(group).in_ring[groups_.Front(group)->index] = false;
  groups_.Take(group);
}

}  // namespace ringway::sim
