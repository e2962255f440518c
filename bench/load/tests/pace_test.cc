// SPDX-License-Identifier: Apache-2.0
//
// The times of an open loop.
#include "bench/load/pace.h"

#include <gtest/gtest.h>

namespace ringway::load {
namespace {

constexpr Pace kFourEveryMicrosecond = {.period_ns = 1000, .connections = 4, .start_ns = 5000};

TEST(Pace, TurnsARateIntoAPeriod) {
  EXPECT_EQ(Pace::PeriodNs(0), 0u);
  EXPECT_EQ(Pace::PeriodNs(0.5), 2'000'000'000u);
  EXPECT_EQ(Pace::PeriodNs(3), 333'333'333u);
  EXPECT_EQ(Pace::PeriodNs(1e12), 1u);
}

TEST(Pace, SpreadsConnectionsOverThePeriod) {
  const Pace& pace = kFourEveryMicrosecond;
  EXPECT_EQ(pace.DueNs(0, 0), 5000u);
  EXPECT_EQ(pace.DueNs(1, 0), 5250u);
  EXPECT_EQ(pace.DueNs(3, 0), 5750u);
  EXPECT_EQ(pace.DueNs(0, 1), 6000u);
}

TEST(Pace, CountsAMessageFromTheNanosecondWhenItIsDue) {
  const Pace& pace = kFourEveryMicrosecond;
  EXPECT_EQ(pace.CountDue(1, 0), 0u);
  EXPECT_EQ(pace.CountDue(1, 5249), 0u);
  EXPECT_EQ(pace.CountDue(1, 5250), 1u);
  EXPECT_EQ(pace.CountDue(1, 6249), 1u);
  EXPECT_EQ(pace.CountDue(1, 6250), 2u);
}

TEST(Pace, CountsExactlyWhatIsDueAtItsOwnTime) {
  const Pace pace = {.period_ns = 333'333, .connections = 7, .start_ns = 12345};
  for (uint32_t connection = 0; connection < pace.connections; ++connection) {
    for (uint64_t sequence = 0; sequence < 100; ++sequence) {
      const uint64_t due_ns = pace.DueNs(connection, sequence);
      EXPECT_EQ(pace.CountDue(connection, due_ns), sequence + 1);
      EXPECT_EQ(pace.CountDue(connection, due_ns - 1), sequence);
    }
  }
}

TEST(Pace, HasNothingDueInAClosedLoop) {
  const Pace closed;
  EXPECT_FALSE(closed.open_loop());
  EXPECT_EQ(closed.CountDue(0, 1'000'000), 0u);
}

}  // namespace
}  // namespace ringway::load
