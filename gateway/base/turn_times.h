// SPDX-License-Identifier: Apache-2.0
//
// How long a worker's turns took: what a message waits for at most while the worker is busy with
// others. A turn that waited for a disk stands out.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "gateway/base/counters.h"

namespace ringway::base {

/// One thread records, any reads; each number is read by itself.
class TurnTimes {
 public:
  /// Bucket b counts turns of less than 2^b microseconds that bucket b-1 does not; the last one
  /// all others (from 1 s on).
  static constexpr size_t kBuckets = 22;

  void Record(uint64_t ns) {
    const auto bucket = static_cast<size_t>(std::bit_width(ns / 1000));
    counts_[std::min(bucket, kBuckets - 1)].Add(1);
    if (ns > longest_ns_.value()) longest_ns_.Set(ns);
  }

  uint64_t count(size_t bucket) const { return counts_[bucket].value(); }
  uint64_t longest_ns() const { return longest_ns_.value(); }

 private:
  std::array<Counter, kBuckets> counts_;
  Gauge longest_ns_;
};

}  // namespace ringway::base
