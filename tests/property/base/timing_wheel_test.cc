// SPDX-License-Identifier: Apache-2.0
//
// The timing wheel against a sorted map, over random operations.
#include "gateway/base/timing_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <span>

namespace ringway::base {
namespace {

constexpr uint32_t kTimers = 64;
constexpr uint64_t kStart = 777;
constexpr uint64_t kDay = 24ULL * 3600 * 1000;

/// A wheel and its oracle, which do the same.
class Pair {
 public:
  explicit Pair(uint64_t seed) : random_(seed) {}

  void Set() {
    const uint32_t index = Below(kTimers);
    const uint64_t due = AnyDue();
    wheel_.Set(index, due);
    Forget(index);
    entries_[index] = oracle_.emplace(due, index);
  }

  void Clear() {
    const uint32_t index = Below(kTimers);
    wheel_.Clear(index);
    Forget(index);
  }

  /// Moves on to `now` and pops, with spans of random size.
  void Advance(uint64_t now) {
    now_ = std::max(now_, now);
    std::array<uint32_t, 9> out{};
    while (true) {
      const std::span<uint32_t> span(out.data(), 1 + Below(9));
      const size_t popped = wheel_.PopDue(now, span);
      ASSERT_LE(popped, span.size());
      for (const uint32_t index : span.first(popped)) {
        ASSERT_LT(index, kTimers);
        ASSERT_NE(entries_[index], oracle_.end()) << "timer " << index << " was not set";
        ASSERT_LE(entries_[index]->first, now_) << "timer " << index << " came early";
        Forget(index);
      }
      if (popped < span.size()) break;
    }
    ASSERT_TRUE(oracle_.empty() || oracle_.begin()->first > now_)
        << "timer " << oracle_.begin()->second << " of " << oracle_.begin()->first
        << " is missing at " << now_;
  }

  void Check() {
    ASSERT_EQ(wheel_.set_count(), oracle_.size());
    const uint64_t next = wheel_.NextDueMs();
    if (oracle_.empty()) {
      ASSERT_EQ(next, TimingWheel::kNever);
      return;
    }
    const uint64_t earliest = std::max(oracle_.begin()->first, now_);
    ASSERT_LE(next, earliest);
    ASSERT_GE(next, now_);
    ASSERT_TRUE(next > now_ || earliest == now_) << "a worker would spin";
  }

  /// A moment to move on to: near, at an edge of a wheel, when the wheel asks, or days away.
  uint64_t AnyMoment() {
    switch (Below(16)) {
      case 0:
        return now_ - std::min<uint64_t>(now_, Below(1000));
      case 1:
      case 2:
        return NextEdge() - 1 + Below(3);
      case 3:
        return now_ + Below(200) * 60'000;
      case 4:
        return now_ + (Below(20) == 0 ? Below(60) * kDay : 0);
      case 5:
      case 6:
      case 7:
        return oracle_.empty() ? now_ : oracle_.begin()->first - Below(2);
      case 8:
      case 9:
      case 10:
      case 11:
        return oracle_.empty() ? now_ : wheel_.NextDueMs();
      default:
        return now_ + Below(40);
    }
  }

  uint32_t Below(uint32_t bound) { return static_cast<uint32_t>(random_() % bound); }

 private:
  using Oracle = std::multimap<uint64_t, uint32_t>;

  /// The next tick at which a random digit moves on.
  uint64_t NextEdge() {
    const uint64_t step = 1ULL << (8 * (1 + Below(3)));
    return kStart + ((now_ - std::min(now_, kStart)) / step + 1) * step;
  }

  uint64_t AnyDue() {
    switch (Below(8)) {
      case 0:
        return now_ - std::min<uint64_t>(now_, Below(100'000));
      case 1:
        return NextEdge() - 1 + Below(3);
      case 2: {
        constexpr std::array<uint64_t, 3> kSpans = {1ULL << 8, 1ULL << 16, 1ULL << 24};
        return now_ + kSpans[Below(3)] - 1 + Below(3);
      }
      case 3:
        return now_ + random_() % (49 * kDay);
      case 4:
        return now_ + Below(300'000);
      default:
        return now_ + Below(1 << (1 + Below(20)));
    }
  }

  void Forget(uint32_t index) {
    if (entries_[index] == oracle_.end()) return;
    oracle_.erase(entries_[index]);
    entries_[index] = oracle_.end();
  }

  static std::array<Oracle::iterator, kTimers> NoEntries(Oracle& oracle) {
    std::array<Oracle::iterator, kTimers> entries;
    entries.fill(oracle.end());
    return entries;
  }

  std::mt19937_64 random_;
  TimingWheel wheel_ = *TimingWheel::Map(kTimers, kStart);
  uint64_t now_ = kStart;
  Oracle oracle_;
  std::array<Oracle::iterator, kTimers> entries_ = NoEntries(oracle_);
};

class TimingWheelAgainstSortedMap : public testing::TestWithParam<uint64_t> {};

TEST_P(TimingWheelAgainstSortedMap, PopsTheSameTimersAtTheSameTimes) {
  Pair pair(GetParam());
  // Half of the seeds begin shortly before 32 bits of milliseconds have passed.
  if (GetParam() % 2 == 1) pair.Advance(kStart + (1ULL << 32) - 70'000);
  for (int step = 0; step < 20'000; ++step) {
    const uint32_t what = pair.Below(10);
    if (what < 5) {
      pair.Set();
    } else if (what < 7) {
      pair.Clear();
    } else {
      pair.Advance(pair.AnyMoment());
    }
    if (!HasFatalFailure()) pair.Check();
    if (HasFatalFailure()) FAIL() << "seed " << GetParam() << ", step " << step;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, TimingWheelAgainstSortedMap, testing::Range<uint64_t>(1, 13));

}  // namespace
}  // namespace ringway::base
