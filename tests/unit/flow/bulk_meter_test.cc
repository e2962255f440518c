// SPDX-License-Identifier: Apache-2.0
//
// When a direction counts as bulk, and when no longer.
#include "gateway/flow/bulk_meter.h"

#include <gtest/gtest.h>

namespace ringway::flow {
namespace {

constexpr uint32_t kFull = 64 * 1024;

void Repeat(BulkMeter& meter, int times, uint32_t bytes) {
  for (int i = 0; i < times; ++i) meter.OnBytes(bytes);
}

TEST(BulkMeter, BeginsWithoutBulk) { EXPECT_FALSE(BulkMeter().is_bulk()); }

TEST(BulkMeter, CallsItBulkAfterEightFullReceives) {
  BulkMeter meter;
  Repeat(meter, 7, BulkMeter::kBulkBytes);
  EXPECT_FALSE(meter.is_bulk());
  meter.OnBytes(BulkMeter::kBulkBytes);
  EXPECT_TRUE(meter.is_bulk());
}

TEST(BulkMeter, NeverCallsItBulkBelowTheThreshold) {
  BulkMeter meter;
  Repeat(meter, 1000, BulkMeter::kBulkBytes - 1);
  EXPECT_FALSE(meter.is_bulk());
}

TEST(BulkMeter, LeavesBulkAfterSixteenSmallOnes) {
  BulkMeter meter;
  Repeat(meter, 100, kFull);
  Repeat(meter, 15, 10);
  EXPECT_TRUE(meter.is_bulk());
  meter.OnBytes(10);
  EXPECT_FALSE(meter.is_bulk());
}

TEST(BulkMeter, CountsOneMoreFullOneThanSmallOnesAsBulk) {
  BulkMeter meter;
  int pairs = 0;
  for (; !meter.is_bulk() && pairs < 100; ++pairs) {
    meter.OnBytes(kFull);
    meter.OnBytes(8);
  }
  EXPECT_EQ(pairs, 15) << "a message of 64 KiB and its header, each time one more";
  Repeat(meter, 1, kFull);
  for (int i = 0; i < 1000; ++i) {
    meter.OnBytes(8);
    meter.OnBytes(kFull);
    ASSERT_TRUE(meter.is_bulk()) << "no change of way while it goes on";
  }
}

TEST(BulkMeter, HoldsBetweenTheTwoThresholdsToWhatItSaid) {
  BulkMeter meter;
  Repeat(meter, 8, kFull);
  Repeat(meter, 10, 10);
  EXPECT_TRUE(meter.is_bulk());
  Repeat(meter, 6, 10);
  EXPECT_FALSE(meter.is_bulk());
  Repeat(meter, 7, kFull);
  EXPECT_FALSE(meter.is_bulk());
  meter.OnBytes(kFull);
  EXPECT_TRUE(meter.is_bulk());
}

TEST(BulkMeter, ForgetsAllOnReset) {
  BulkMeter meter;
  Repeat(meter, 8, kFull);
  meter.Reset();
  EXPECT_FALSE(meter.is_bulk());
  Repeat(meter, 7, kFull);
  EXPECT_FALSE(meter.is_bulk());
}

}  // namespace
}  // namespace ringway::flow
