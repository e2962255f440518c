// SPDX-License-Identifier: Apache-2.0
//
// The histogram against sorted samples.
#include "bench/load/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace ringway::load {
namespace {

TEST(Histogram, AnswersZeroWhenEmpty) {
  const Histogram histogram;
  EXPECT_EQ(histogram.Percentile(99), 0u);
  EXPECT_EQ(histogram.max(), 0u);
  EXPECT_EQ(histogram.Mean(), 0);
}

TEST(Histogram, IsExactForSmallValues) {
  Histogram histogram;
  for (uint64_t value = 1; value <= 200; ++value) histogram.Record(value);
  EXPECT_EQ(histogram.Percentile(50), 100u);
  EXPECT_EQ(histogram.Percentile(99), 198u);
  EXPECT_EQ(histogram.Percentile(100), 200u);
  EXPECT_EQ(histogram.Percentile(0), 1u);
}

TEST(Histogram, StaysWithinItsErrorOfTheSortedSamples) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> latency(11, 2);
  Histogram histogram;
  std::vector<uint64_t> samples;
  for (int i = 0; i < 200'000; ++i) {
    const auto value = static_cast<uint64_t>(latency(random));
    samples.push_back(value);
    histogram.Record(value);
  }
  std::sort(samples.begin(), samples.end());
  for (double percent : {1.0, 50.0, 95.0, 99.0, 99.9, 99.99}) {
    const auto rank = static_cast<size_t>(std::ceil(percent / 100 * 200'000)) - 1;
    const auto exact = static_cast<double>(samples[rank]);
    const auto got = static_cast<double>(histogram.Percentile(percent));
    EXPECT_GE(got, exact) << percent;
    EXPECT_LE(got, exact * (1 + 1.0 / 128)) << percent;
  }
  EXPECT_EQ(histogram.Percentile(100), samples.back());
}

TEST(Histogram, ClampsWhatIsBeyondItsRange) {
  Histogram histogram;
  histogram.Record(UINT64_MAX);
  EXPECT_EQ(histogram.max(), (1ULL << 40) - 1);
  EXPECT_EQ(histogram.Percentile(50), (1ULL << 40) - 1);
}

TEST(Histogram, ForgetsOnClear) {
  Histogram histogram;
  histogram.Record(5);
  histogram.Clear();
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.Percentile(50), 0u);
}

}  // namespace
}  // namespace ringway::load
