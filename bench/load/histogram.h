// SPDX-License-Identifier: Apache-2.0
//
// Counts of durations in buckets that grow with the value: percentiles of millions of samples in
// fixed memory, with a bounded relative error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ringway::load {

/// Values are nanoseconds. Below kExact every value has its own bucket; above, each power of two
/// is cut into kSteps buckets, so a reported value is at most 1/kSteps (0.8%) too high. Values from
/// 2^40 (18 minutes) on count as 2^40 - 1.
class Histogram {
 public:
  Histogram();

  void Record(uint64_t value);
  void Clear();

  uint64_t count() const { return count_; }
  uint64_t max() const { return max_; }
  double Mean() const;

  /// The smallest recorded value, rounded up to its bucket's end and never above max(), that
  /// `percent` of the samples do not exceed. 0 without samples.
  uint64_t Percentile(double percent) const;

 private:
  static constexpr int kStepBits = 7;
  static constexpr uint64_t kSteps = 1ULL << kStepBits;
  static constexpr uint64_t kExact = 2 * kSteps;
  static constexpr int kValueBits = 40;

  static size_t BucketOf(uint64_t value);
  static uint64_t LastValueOf(size_t bucket);

  std::vector<uint64_t> buckets_;
  uint64_t count_ = 0;
  uint64_t sum_ = 0;
  uint64_t max_ = 0;
};

}  // namespace ringway::load
