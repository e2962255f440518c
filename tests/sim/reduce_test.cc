// SPDX-License-Identifier: Apache-2.0
//
// A plan that is made smaller still fails in the same way, and holds little else. What fails is
// made up here, so that no bug is needed.
#include "tests/sim/reduce.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/sim/plan_text.h"

namespace ringway::sim {
namespace {

constexpr uint64_t kSeed = 28;
constexpr uint64_t kBytesLeast = 100;

bool IsToBlame(const Story& story) {
  return story.takes_part && story.text && story.up_bytes >= kBytesLeast;
}

/// A story of text with many bytes fails, with a sum as real failures have it.
std::string BlameText(const Plan& plan) {
  uint64_t bytes = 0;
  for (const Story& story : plan.stories) bytes += IsToBlame(story) ? story.up_bytes : 0;
  return bytes == 0 ? "" : absl::StrCat("text: ", bytes, " != 0");
}

/// What a seed draws, and a story in it that BlameText finds.
Plan Failing() {
  Plan plan(kSeed);
  plan.stories.resize(5);
  for (Story& story : plan.stories) story.text = false;
  plan.stories[3].text = true;
  plan.stories[3].up_bytes = 12'345;
  return plan;
}

size_t LinesOf(const Plan& plan) {
  const std::string text = WritePlan(plan);
  return static_cast<size_t>(std::ranges::count(text, '\n'));
}

TEST(Reduce, KeepsWhatTheFailureNeedsAndLittleElse) {
  const Plan plan = Failing();
  const Plan reduced = Reduce(plan, BlameText(plan), BlameText);
  EXPECT_NE(BlameText(reduced), "");
  EXPECT_EQ(std::ranges::count_if(reduced.stories, &Story::takes_part), 1);
  ASSERT_GT(reduced.stories.size(), 3U);
  EXPECT_TRUE(IsToBlame(reduced.stories[3]));
  EXPECT_LT(reduced.stories[3].up_bytes, 2 * kBytesLeast);
  EXPECT_LT(LinesOf(reduced), LinesOf(plan) / 2);
  EXPECT_EQ(reduced.faults.short_receive, 0U);
}

TEST(Reduce, TakesNoOtherFailureForTheOneThatItIsAfter) {
  const auto judge = [](const Plan& plan) {
    const bool are_many = std::ranges::count_if(plan.stories, &Story::takes_part) > 1;
    return are_many ? BlameText(plan) : "another";
  };
  const Plan plan = Failing();
  const Plan reduced = Reduce(plan, judge(plan), judge);
  EXPECT_EQ(std::ranges::count_if(reduced.stories, &Story::takes_part), 2);
  EXPECT_TRUE(IsToBlame(reduced.stories[3]));
}

TEST(Reduce, LeavesAPlanWhoseFailureDoesNotComeAgainAsItWas) {
  const Plan plan = Failing();
  const Plan reduced = Reduce(plan, "it was chance", BlameText);
  EXPECT_EQ(WritePlan(reduced), WritePlan(plan));
}

}  // namespace
}  // namespace ringway::sim
