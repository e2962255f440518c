// SPDX-License-Identifier: Apache-2.0
//
// Credit as arithmetic.
#include "gateway/flow/credit.h"

#include <gtest/gtest.h>

namespace ringway::flow {
namespace {

constexpr uint32_t kWindow = 1024 * 1024;

TEST(Threshold, IsAPartOfWhatIsFreeRoundedDown) {
  EXPECT_EQ(Threshold(14336, kShareDivisor), 224U);
  EXPECT_EQ(Threshold(63, kShareDivisor), 0U);
  EXPECT_EQ(Threshold(64, kShareDivisor), 1U);
  EXPECT_EQ(Threshold(0, kShareDivisor), 0U);
  EXPECT_EQ(Threshold(1ULL << 40, 4), 1ULL << 38) << "a budget may be larger than 4 GiB";
}

TEST(CreditLeft, IsTheLimitLessTheFootprint) {
  EXPECT_EQ(CreditLeft(32, kWindow), kWindow - 32);
  EXPECT_EQ(CreditLeft(kWindow - 1, kWindow), 1U);
  EXPECT_EQ(CreditLeft(kWindow, kWindow), 0U);
  EXPECT_EQ(CreditLeft(kWindow + 16'416, kWindow), 0U) << "a footprint may pass the limit";
  EXPECT_EQ(CreditLeft(544, 0), 0U);
}

TEST(CreditLeft, OfAnEmptyQueueIsAlwaysWhatFitsIntoACell) {
  EXPECT_EQ(CreditLeft(0, kWindow), kWindow);
  EXPECT_EQ(CreditLeft(0, 512), 512U);
  EXPECT_EQ(CreditLeft(0, 511), kLeastBytes);
  EXPECT_EQ(CreditLeft(0, 0), kLeastBytes);
  EXPECT_EQ(kLeastBytes, 512U);
}

TEST(MayResume, AtHalfOfTheLimitAndNotBefore) {
  EXPECT_TRUE(MayResume(kWindow / 2, kWindow));
  EXPECT_FALSE(MayResume(kWindow / 2 + 1, kWindow));
  EXPECT_FALSE(MayResume(kWindow, kWindow));
}

TEST(MayResume, WithAnEmptyQueueWhateverTheLimit) {
  EXPECT_TRUE(MayResume(0, kWindow));
  EXPECT_TRUE(MayResume(0, 1));
  EXPECT_TRUE(MayResume(0, 0));
  EXPECT_FALSE(MayResume(544, 1000));
}

}  // namespace
}  // namespace ringway::flow
