// SPDX-License-Identifier: Apache-2.0
//
// A plan that was written and read again is the same plan.
#include "tests/sim/plan_text.h"

#include <gtest/gtest.h>

namespace ringway::sim {
namespace {

TEST(PlanText, ComesBackForEverySeed) {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    const Plan plan(seed);
    const std::string text = WritePlan(plan);
    Plan again;
    ASSERT_EQ(ReadPlan(text, again), "") << "seed " << seed;
    ASSERT_EQ(WritePlan(again), text) << "seed " << seed;
    ASSERT_EQ(again.stories.size(), plan.stories.size());
  }
}

TEST(PlanText, NamesAFieldThatThereIsNot) {
  Plan plan;
  EXPECT_EQ(ReadPlan("# comment\nlimits.sockets 3\n", plan), "line 2: no field 'limits.sockets'");
  EXPECT_EQ(ReadPlan("stories 1\nstories.1.text yes\n", plan), "line 2: no field 'stories.1.text'");
}

TEST(PlanText, NamesAValueThatIsNone) {
  Plan plan;
  EXPECT_EQ(ReadPlan("weather fine\n", plan), "line 1: 'fine' is no value of it");
  EXPECT_EQ(ReadPlan("sq_entries many\n", plan), "line 1: 'many' is no value of it");
  EXPECT_EQ(ReadPlan("stories 1000000\n", plan), "line 1: '1000000' is no value of it");
}

}  // namespace
}  // namespace ringway::sim
