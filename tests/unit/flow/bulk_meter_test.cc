// SPDX-License-Identifier: Apache-2.0
//
// When a direction counts as bulk, and when no longer.
#include "gateway/flow/bulk_meter.h"

#include <gtest/gtest.h>

namespace ringway::flow {
namespace {

constexpr uint32_t kFull = 64 * 1024;

void Repeat(BulkMeter& meter, int times, uint32_t bytes) {
  for (int i = 0; i < times; ++i) meter.OnReceived(bytes, BulkMeter::kBulkBytes);
}

TEST(BulkMeter, BeginsWithoutBulk) { EXPECT_FALSE(BulkMeter().is_bulk()); }

TEST(BulkMeter, CallsItBulkAfterEightFullReceives) {
  BulkMeter meter;
  Repeat(meter, 7, BulkMeter::kBulkBytes);
  EXPECT_FALSE(meter.is_bulk());
  meter.OnReceived(BulkMeter::kBulkBytes, BulkMeter::kBulkBytes);
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
  meter.OnReceived(10, BulkMeter::kBulkBytes);
  EXPECT_FALSE(meter.is_bulk());
}

TEST(BulkMeter, CountsOneMoreFullOneThanSmallOnesAsBulk) {
  BulkMeter meter;
  int pairs = 0;
  for (; !meter.is_bulk() && pairs < 100; ++pairs) {
    meter.OnReceived(kFull, BulkMeter::kBulkBytes);
    meter.OnReceived(8, BulkMeter::kBulkBytes);
  }
  EXPECT_EQ(pairs, 15) << "a message of 64 KiB and its header, each time one more";
  Repeat(meter, 1, kFull);
  for (int i = 0; i < 1000; ++i) {
    meter.OnReceived(8, BulkMeter::kBulkBytes);
    meter.OnReceived(kFull, BulkMeter::kBulkBytes);
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
  meter.OnReceived(kFull, BulkMeter::kBulkBytes);
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

TEST(BulkMeter, CountsFullReceivesInARowTogether) {
  BulkMeter meter;
  for (int i = 0; i < 100; ++i) {
    meter.OnReceived(kFull, BulkMeter::kFramedBulkBytes);
    meter.OnReceived(8, BulkMeter::kFramedBulkBytes);
  }
  EXPECT_FALSE(meter.is_bulk()) << "messages of 64 KiB";
  for (int i = 0; i < 9; ++i) meter.OnReceived(kFull, BulkMeter::kFramedBulkBytes);
  EXPECT_TRUE(meter.is_bulk()) << "one of 1 MiB: the first buffer alone is not enough";
}

TEST(BulkMeter, JudgesEachSpliceByItself) {
  BulkMeter meter;
  for (int i = 0; i < 9; ++i) meter.OnReceived(kFull, BulkMeter::kFramedBulkBytes);
  for (int i = 0; i < 15; ++i) meter.OnSpliced(kFull, BulkMeter::kFramedBulkBytes);
  EXPECT_TRUE(meter.is_bulk());
  meter.OnSpliced(kFull, BulkMeter::kFramedBulkBytes);
  EXPECT_FALSE(meter.is_bulk()) << "splices of 64 KiB are not worth their frame headers";
}

TEST(BulkMeter, ARowOfAnyLengthIsBulk) {
  BulkMeter meter;
  Repeat(meter, 1000, kFull);
  meter.OnReceived(8, BulkMeter::kFramedBulkBytes);
  meter.OnSpliced(BulkMeter::kFramedBulkBytes, BulkMeter::kFramedBulkBytes);
  EXPECT_TRUE(meter.is_bulk());
}

}  // namespace
}  // namespace ringway::flow
