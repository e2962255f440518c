// SPDX-License-Identifier: Apache-2.0
//
// The worker's counters and the walk over them.
#include "gateway/base/counters.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>
#include <vector>

namespace ringway::base {
namespace {

TEST(Counters, StartAtZeroAndAddUp) {
  Counter counter;
  EXPECT_EQ(counter.value(), 0U);
  counter.Add(3);
  counter.Add(1ULL << 40);
  EXPECT_EQ(counter.value(), (1ULL << 40) + 3);
}

TEST(Counters, AreVisitedInTheOrderOfTheirListWithTheirValues) {
  Counters counters;
  counters.turns.Add(7);
  counters.submissions_flushed.Add(9);
  std::vector<std::string_view> names;
  std::vector<uint64_t> values;
  counters.Visit([&](std::string_view name, std::string_view /*help*/, uint64_t value) {
    names.push_back(name);
    values.push_back(value);
  });
  ASSERT_EQ(names.size(), sizeof(Counters) / sizeof(Counter)) << "each counter is visited";
  EXPECT_EQ(names.front(), "turns");
  EXPECT_EQ(values.front(), 7U);
  EXPECT_EQ(names.back(), "submissions_flushed");
  EXPECT_EQ(values.back(), 9U);
}

TEST(Counters, HaveNamesOfTheirOwnAndASentenceEach) {
  const Counters counters;
  std::set<std::string_view> names;
  std::set<std::string_view> sentences;
  size_t visited = 0;
  counters.Visit([&](std::string_view name, std::string_view help, uint64_t value) {
    ++visited;
    names.insert(name);
    sentences.insert(help);
    EXPECT_GT(help.size(), 10U) << name;
    EXPECT_EQ(value, 0U) << name;
  });
  EXPECT_EQ(names.size(), visited);
  EXPECT_EQ(sentences.size(), visited);
}

}  // namespace
}  // namespace ringway::base
