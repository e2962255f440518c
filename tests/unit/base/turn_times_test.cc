// SPDX-License-Identifier: Apache-2.0
//
// Turns in their buckets.
#include "gateway/base/turn_times.h"

#include <gtest/gtest.h>

namespace ringway::base {
namespace {

constexpr uint64_t kUs = 1000;

/// The bucket that a turn of so long is counted in.
size_t BucketOf(uint64_t ns) {
  TurnTimes times;
  times.Record(ns);
  size_t found = TurnTimes::kBuckets;
  for (size_t bucket = 0; bucket < TurnTimes::kBuckets; ++bucket) {
    if (times.count(bucket) == 0) continue;
    EXPECT_EQ(times.count(bucket), 1U);
    EXPECT_EQ(found, TurnTimes::kBuckets) << "counted twice";
    found = bucket;
  }
  return found;
}

TEST(TurnTimes, CountsATurnInTheBucketWhoseLimitItStaysBelow) {
  EXPECT_EQ(BucketOf(0), 0U);
  EXPECT_EQ(BucketOf(kUs - 1), 0U);
  for (size_t bucket = 1; bucket < TurnTimes::kBuckets; ++bucket) {
    EXPECT_EQ(BucketOf((uint64_t{1} << (bucket - 1)) * kUs), bucket);
    EXPECT_EQ(BucketOf((uint64_t{1} << bucket) * kUs - 1), bucket);
  }
}

TEST(TurnTimes, CountsWhatIsLongerInTheLastBucket) {
  constexpr uint64_t kFirst = (uint64_t{1} << (TurnTimes::kBuckets - 2)) * kUs;
  EXPECT_EQ(BucketOf(kFirst - 1), TurnTimes::kBuckets - 2);
  for (const uint64_t ns : {kFirst, 2 * kFirst, 100 * kFirst, UINT64_MAX}) {
    EXPECT_EQ(BucketOf(ns), TurnTimes::kBuckets - 1);
  }
}

TEST(TurnTimes, KeepsTheLongest) {
  TurnTimes times;
  EXPECT_EQ(times.longest_ns(), 0U);
  for (const uint64_t ns : {5U, 900U, 20U}) times.Record(ns);
  EXPECT_EQ(times.longest_ns(), 900U);
  times.Record(901);
  EXPECT_EQ(times.longest_ns(), 901U);
  EXPECT_EQ(times.count(0), 4U);
}

}  // namespace
}  // namespace ringway::base
