// SPDX-License-Identifier: Apache-2.0
//
// Log-linear buckets.
#include "bench/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace ringway::load {

Histogram::Histogram() : buckets_(BucketOf((1ULL << kValueBits) - 1) + 1) {}

// With s the shift that leaves a value in [kSteps, 2 kSteps), the bucket is s * kSteps plus that
// value; values below 2 kSteps have s = 0 and are their own bucket.
size_t Histogram::BucketOf(uint64_t value) {
  if (value < kExact) return value;
  const int shift = static_cast<int>(std::bit_width(value)) - kStepBits - 1;
  return static_cast<size_t>(shift) * kSteps + (value >> shift);
}

uint64_t Histogram::LastValueOf(size_t bucket) {
  if (bucket < kExact) return bucket;
  const uint64_t shift = bucket / kSteps - 1;
  const uint64_t step = bucket - shift * kSteps;
  return ((step + 1) << shift) - 1;
}

void Histogram::Record(uint64_t value) {
  value = std::min<uint64_t>(value, (1ULL << kValueBits) - 1);
  ++buckets_[BucketOf(value)];
  ++count_;
  sum_ += value;
  max_ = std::max(max_, value);
}

void Histogram::Clear() { *this = Histogram(); }

double Histogram::Mean() const {
  return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
}

uint64_t Histogram::Percentile(double percent) const {
  if (count_ == 0) return 0;
  const double wanted = std::ceil(static_cast<double>(count_) * percent / 100.0);
  const uint64_t rank = std::clamp<uint64_t>(static_cast<uint64_t>(wanted), 1, count_);
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen >= rank) return std::min(LastValueOf(bucket), max_);
  }
  return max_;
}

}  // namespace ringway::load
