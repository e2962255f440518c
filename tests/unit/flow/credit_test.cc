// SPDX-License-Identifier: Apache-2.0
//
// Credit of one source and the budget of a worker.
#include "gateway/flow/credit.h"

#include <gtest/gtest.h>

namespace ringway::flow {
namespace {

constexpr uint32_t kWindow = 1000;

TEST(Credit, LeavesTheWholeWindowAtFirst) {
  const Credit credit;
  EXPECT_EQ(credit.outstanding(), 0U);
  EXPECT_EQ(credit.Left(kWindow), kWindow);
  EXPECT_TRUE(credit.MayResume(kWindow));
}

TEST(Credit, LeavesLessByWhatIsSpentAndMoreByWhatIsReturned) {
  Credit credit;
  credit.Spend(300);
  credit.Spend(400);
  EXPECT_EQ(credit.Left(kWindow), 300U);
  credit.Return(100);
  EXPECT_EQ(credit.Left(kWindow), 400U);
  EXPECT_EQ(credit.outstanding(), 600U);
}

TEST(Credit, LeavesNothingAtTheWindowAndBeyond) {
  Credit credit;
  credit.Spend(999);
  EXPECT_EQ(credit.Left(kWindow), 1U);
  credit.Spend(1);
  EXPECT_EQ(credit.Left(kWindow), 0U);
  credit.Spend(50'000);
  EXPECT_EQ(credit.Left(kWindow), 0U);
}

TEST(Credit, ResumesAtHalfAWindowAndNotBefore) {
  Credit credit;
  credit.Spend(1000);
  credit.Return(499);
  EXPECT_FALSE(credit.MayResume(kWindow));
  credit.Return(1);
  EXPECT_TRUE(credit.MayResume(kWindow));
}

TEST(Credit, DiesWhenMoreIsReturnedThanWasSpent) {
  Credit credit;
  credit.Spend(10);
  EXPECT_DEATH(credit.Return(11), "left 11, right 10");
}

TEST(ByteBudget, IsExhaustedAtItsBoundAndNotBefore) {
  ByteBudget budget(1ULL << 33);
  EXPECT_FALSE(budget.exhausted());
  budget.Spend((1ULL << 33) - 1);
  EXPECT_FALSE(budget.exhausted());
  budget.Spend(1);
  EXPECT_TRUE(budget.exhausted());
  EXPECT_EQ(budget.queued(), 1ULL << 33);
  budget.Return(1);
  EXPECT_FALSE(budget.exhausted());
}

TEST(ByteBudget, DiesWhenMoreIsReturnedThanWasSpent) {
  ByteBudget budget(100);
  budget.Spend(10);
  EXPECT_DEATH(budget.Return(11), "left 11, right 10");
}

}  // namespace
}  // namespace ringway::flow
