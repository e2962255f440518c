// SPDX-License-Identifier: Apache-2.0
//
// The timing wheel, timer by timer. Random operations against an oracle are in tests/property.
#include "gateway/base/timing_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

namespace ringway::base {
namespace {

constexpr uint64_t kStart = 1'000'003;
constexpr uint64_t kDay = 24ULL * 3600 * 1000;

using Timers = std::vector<uint32_t>;

class TimingWheelOfManyTimers : public testing::Test {
 protected:
  /// All timers that are due at `now_ms`, sorted.
  Timers Pop(uint64_t now_ms) {
    Timers all;
    std::array<uint32_t, 4> out{};
    size_t popped = 0;
    do {
      popped = wheel_.PopDue(now_ms, out);
      all.insert(all.end(), out.begin(), out.begin() + static_cast<ptrdiff_t>(popped));
    } while (popped == out.size());
    std::ranges::sort(all);
    return all;
  }

  /// Sleeps as a worker does until a timer pops; returns when. At most `naps_max` wake-ups.
  uint64_t SleepUntilPop(int naps_max) {
    for (int naps = 0; naps < naps_max; ++naps) {
      const uint64_t now = wheel_.NextDueMs();
      if (now == TimingWheel::kNever || !Pop(now).empty()) return now;
    }
    return 0;
  }

  TimingWheel wheel_ = *TimingWheel::Map(300, kStart);
};

TEST_F(TimingWheelOfManyTimers, IsEmptyAtFirst) {
  EXPECT_EQ(wheel_.set_count(), 0U);
  EXPECT_EQ(wheel_.NextDueMs(), TimingWheel::kNever);
  EXPECT_EQ(Pop(kStart + 100 * kDay), Timers{});
}

TEST_F(TimingWheelOfManyTimers, PopsATimerExactlyWhenItIsDue) {
  wheel_.Set(7, kStart + 10);
  EXPECT_EQ(wheel_.set_count(), 1U);
  EXPECT_EQ(Pop(kStart + 9), Timers{});
  EXPECT_EQ(Pop(kStart + 10), Timers{7});
  EXPECT_EQ(wheel_.set_count(), 0U) << "a popped timer is cleared";
  EXPECT_EQ(Pop(kStart + 11), Timers{});
}

TEST_F(TimingWheelOfManyTimers, PopsExactlyAtEveryBoundaryBetweenWheels) {
  for (const uint64_t boundary : {1ULL << 8, 1ULL << 16, 1ULL << 24, 1ULL << 31}) {
    for (const uint64_t due : {boundary - 1, boundary, boundary + 1}) {
      wheel_ = *TimingWheel::Map(1, kStart);
      wheel_.Set(0, kStart + due);
      EXPECT_EQ(Pop(kStart + due - 1), Timers{}) << due;
      EXPECT_EQ(Pop(kStart + due), Timers{0}) << due;
    }
  }
}

TEST_F(TimingWheelOfManyTimers, KeepsTimersOfOneTickApart) {
  for (uint32_t i = 0; i < 5; ++i) wheel_.Set(i, kStart + 70'000);
  wheel_.Clear(2);
  wheel_.Clear(0);
  wheel_.Clear(4);
  EXPECT_EQ(Pop(kStart + 70'000), (Timers{1, 3}));
}

TEST_F(TimingWheelOfManyTimers, MovesATimerThatIsSetAgain) {
  wheel_.Set(1, kStart + 10);
  wheel_.Set(1, kStart + 100'000);
  EXPECT_EQ(wheel_.set_count(), 1U);
  EXPECT_EQ(Pop(kStart + 99'999), Timers{});
  wheel_.Set(1, kStart + 100'001);
  EXPECT_EQ(Pop(kStart + 100'000), Timers{});
  EXPECT_EQ(Pop(kStart + 100'001), Timers{1});
}

TEST_F(TimingWheelOfManyTimers, ForgetsAClearedTimer) {
  wheel_.Set(1, kStart + 300);
  wheel_.Clear(1);
  EXPECT_EQ(wheel_.set_count(), 0U);
  EXPECT_EQ(wheel_.NextDueMs(), TimingWheel::kNever);
  wheel_.Clear(1);
  EXPECT_EQ(wheel_.set_count(), 0U) << "clearing what is not set changes nothing";
  EXPECT_EQ(Pop(kStart + 1000), Timers{});
}

TEST_F(TimingWheelOfManyTimers, PopsATimeThatHasPassedWithTheNextCall) {
  EXPECT_EQ(Pop(kStart + 1000), Timers{});
  wheel_.Set(1, kStart + 400);
  wheel_.Set(2, 0);
  wheel_.Set(3, kStart + 1000);
  EXPECT_EQ(wheel_.NextDueMs(), kStart + 1000);
  EXPECT_EQ(Pop(kStart + 1000), (Timers{1, 2, 3}));
}

TEST_F(TimingWheelOfManyTimers, NeverGoesBackInTime) {
  EXPECT_EQ(Pop(kStart + 1000), Timers{});
  wheel_.Set(1, kStart + 1001);
  EXPECT_EQ(Pop(kStart + 5), Timers{});
  EXPECT_EQ(Pop(0), Timers{});
  EXPECT_EQ(Pop(kStart + 1001), Timers{1});
}

TEST_F(TimingWheelOfManyTimers, FillsASmallSpanAndGoesOnWithTheNextCall) {
  for (uint32_t i = 0; i < 10; ++i) wheel_.Set(i, kStart + 250 + i);
  std::array<uint32_t, 3> out{};
  Timers all;
  for (const size_t expected : {3U, 3U, 3U, 1U, 0U}) {
    const size_t popped = wheel_.PopDue(kStart + 10'000, out);
    ASSERT_EQ(popped, expected);
    all.insert(all.end(), out.begin(), out.begin() + static_cast<ptrdiff_t>(popped));
  }
  std::ranges::sort(all);
  EXPECT_EQ(all, (Timers{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST_F(TimingWheelOfManyTimers, LetsTheReaderSetAndClearBetweenTwoFullSpans) {
  for (uint32_t i = 0; i < 4; ++i) wheel_.Set(i, kStart + 100 * i);
  std::array<uint32_t, 2> out{};
  ASSERT_EQ(wheel_.PopDue(kStart + 900, out), 2U);
  wheel_.Clear(2);
  wheel_.Set(0, kStart + 500);
  wheel_.Set(1, kStart + 901);
  EXPECT_EQ(Pop(kStart + 900), (Timers{0, 3}));
  EXPECT_EQ(Pop(kStart + 901), Timers{1});
}

TEST_F(TimingWheelOfManyTimers, TakesNothingIntoAnEmptySpan) {
  wheel_.Set(1, kStart);
  EXPECT_EQ(wheel_.PopDue(kStart + 1, {}), 0U);
  EXPECT_EQ(Pop(kStart + 1), Timers{1});
}

TEST_F(TimingWheelOfManyTimers, WakesItsWorkerInTimeAndSeldom) {
  for (const uint64_t due : {0ULL, 1ULL, 255ULL, 256ULL, 65'535ULL, 65'536ULL, 1'000'000ULL,
                             0xff'ffffULL, 0x100'0000ULL, 0x1234'5678ULL, 0x7fff'ffffULL}) {
    wheel_ = *TimingWheel::Map(1, kStart);
    wheel_.Set(0, kStart + due);
    EXPECT_LE(wheel_.NextDueMs(), kStart + due);
    EXPECT_EQ(SleepUntilPop(4), kStart + due) << "at most one wake-up a wheel";
  }
}

TEST_F(TimingWheelOfManyTimers, NamesTheEarliestOfTimersOnAllWheels) {
  wheel_.Set(0, kStart + 3);
  wheel_.Set(1, kStart + 300);
  wheel_.Set(2, kStart + 70'000);
  wheel_.Set(3, kStart + 20'000'000);
  for (const uint64_t due : {3ULL, 300ULL, 70'000ULL, 20'000'000ULL}) {
    EXPECT_EQ(SleepUntilPop(4), kStart + due);
  }
  EXPECT_EQ(wheel_.NextDueMs(), TimingWheel::kNever);
}

TEST_F(TimingWheelOfManyTimers, PopsAllAfterAJumpOfDays) {
  for (uint32_t i = 0; i < 300; ++i) wheel_.Set(i, kStart + i * i * i);
  EXPECT_EQ(Pop(kStart + 30 * kDay).size(), 300U);
  wheel_.Set(5, kStart + 30 * kDay + 1);
  EXPECT_EQ(Pop(kStart + 30 * kDay), Timers{});
  EXPECT_EQ(Pop(kStart + 30 * kDay + 1), Timers{5});
}

TEST_F(TimingWheelOfManyTimers, HoldsATimerOfFortyNineDays) {
  wheel_.Set(1, kStart + 49 * kDay);
  EXPECT_EQ(Pop(kStart + 49 * kDay - 1), Timers{});
  EXPECT_EQ(Pop(kStart + 49 * kDay), Timers{1});
}

TEST_F(TimingWheelOfManyTimers, CutsATimerBeyondFortyNineDays) {
  wheel_.Set(1, kStart + 400 * kDay);
  wheel_.Set(2, UINT64_MAX);
  EXPECT_EQ(Pop(kStart + 49 * kDay), Timers{});
  EXPECT_EQ(Pop(kStart + 50 * kDay), (Timers{1, 2}));
}

// 2^32 milliseconds are 49.7 days: a gateway that runs for longer must not notice.
TEST_F(TimingWheelOfManyTimers, RunsOnWhenThirtyTwoBitsOfMillisecondsHavePassed) {
  const uint64_t wrap = kStart + (1ULL << 32);
  EXPECT_EQ(Pop(wrap - 10), Timers{});
  wheel_.Set(1, wrap - 1);
  wheel_.Set(2, wrap);
  wheel_.Set(3, wrap + 30'000);
  wheel_.Set(4, wrap + 40 * kDay);
  EXPECT_EQ(SleepUntilPop(4), wrap - 1);
  EXPECT_EQ(SleepUntilPop(4), wrap);
  EXPECT_EQ(SleepUntilPop(4), wrap + 30'000);
  EXPECT_EQ(SleepUntilPop(4), wrap + 40 * kDay);
  EXPECT_EQ(Pop(wrap + 1000 * kDay), Timers{});
  wheel_.Set(5, wrap + 1000 * kDay + 5);
  EXPECT_EQ(Pop(wrap + 1000 * kDay + 4), Timers{});
  EXPECT_EQ(Pop(wrap + 1000 * kDay + 5), Timers{5});
}

TEST_F(TimingWheelOfManyTimers, DiesOnATimerThatItDoesNotHave) {
  EXPECT_DEATH(wheel_.Set(300, kStart), "left 300, right 300");
  EXPECT_DEATH(wheel_.Clear(300), "left 300, right 300");
}

TEST(TimingWheel, CostsSixteenBytesATimer) { EXPECT_EQ(sizeof(TimingWheel::Timer), 16U); }

}  // namespace
}  // namespace ringway::base
