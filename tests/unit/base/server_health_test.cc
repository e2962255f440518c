// SPDX-License-Identifier: Apache-2.0
//
// Failures in a row eject for a time that grows; one dial tries a server that comes back; probes in
// a row call it down and up.
#include "gateway/base/server_health.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

namespace ringway::base {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kNow = 100 * kSecond;
constexpr EjectionRules kEjection = {
    .failures_max = 3, .time_ns = 5 * kSecond, .time_ns_max = 300 * kSecond};
constexpr EjectionRules kAtOnce = {
    .failures_max = 1, .time_ns = 5 * kSecond, .time_ns_max = 300 * kSecond};
constexpr ProbeRules kProbes = {.rise = 2, .fall = 3};

ServerHealth Make(uint32_t servers) {
  auto made = ServerHealth::Map(servers);
  EXPECT_TRUE(made.ok());
  return *std::move(made);
}

TEST(ServerHealth, BeginsUsable) {
  const ServerHealth health = Make(2);
  EXPECT_EQ(health.servers(), 2U);
  for (const uint32_t server : {0U, 1U}) {
    EXPECT_FALSE(health.IsDown(server));
    EXPECT_FALSE(health.IsEjected(server, 0));
    EXPECT_TRUE(health.IsUsable(server, 0));
  }
}

TEST(ServerHealth, EjectsAfterFailuresInARowForItsTime) {
  ServerHealth health = Make(2);
  EXPECT_FALSE(health.OnDialFailed(1, kNow, kEjection));
  EXPECT_FALSE(health.OnDialFailed(1, kNow, kEjection));
  EXPECT_TRUE(health.IsUsable(1, kNow));
  EXPECT_TRUE(health.OnDialFailed(1, kNow, kEjection));
  EXPECT_FALSE(health.IsUsable(1, kNow));
  EXPECT_TRUE(health.IsEjected(1, kNow + 5 * kSecond - 1));
  EXPECT_FALSE(health.IsEjected(1, kNow + 5 * kSecond));
  EXPECT_TRUE(health.IsUsable(0, kNow)) << "that is another server";
}

TEST(ServerHealth, ADialThatSucceedsBeginsTheRowAnew) {
  ServerHealth health = Make(1);
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(health.OnDialFailed(0, kNow, kEjection));
    EXPECT_FALSE(health.OnDialFailed(0, kNow, kEjection));
    health.OnDialSucceeded(0);
  }
}

TEST(ServerHealth, NeverEjectsWithoutAMaximum) {
  ServerHealth health = Make(1);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(health.OnDialFailed(0, kNow, {}));
  EXPECT_TRUE(health.IsUsable(0, kNow));
}

TEST(ServerHealth, EachEjectionTakesTwiceAsLongUpToTheMaximum) {
  ServerHealth health = Make(1);
  uint64_t now_ns = kNow;
  ASSERT_FALSE(health.OnDialFailed(0, now_ns, kEjection));
  ASSERT_FALSE(health.OnDialFailed(0, now_ns, kEjection));
  for (const uint64_t seconds : {5, 10, 20, 40, 80, 160, 300, 300, 300}) {
    EXPECT_TRUE(health.OnDialFailed(0, now_ns, kEjection)) << "one failure is enough by now";
    EXPECT_TRUE(health.IsEjected(0, now_ns + seconds * kSecond - 1)) << seconds;
    now_ns += seconds * kSecond;
    EXPECT_FALSE(health.IsEjected(0, now_ns)) << seconds;
  }
  health.OnDialSucceeded(0);
  EXPECT_FALSE(health.OnDialFailed(0, now_ns, kEjection)) << "all is forgotten";
}

TEST(ServerHealth, AnEjectionNeverTakesLongerThanTheMaximumHoweverOften) {
  ServerHealth health = Make(1);
  constexpr EjectionRules kRules = {.failures_max = 1, .time_ns = 3, .time_ns_max = 1000};
  uint64_t now_ns = kNow;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(health.OnDialFailed(0, now_ns, kRules));
    now_ns += 1000;
    ASSERT_FALSE(health.IsEjected(0, now_ns)) << i;
  }
}

TEST(ServerHealth, FailuresOfDialsThatBeganBeforeTheEjectionAreNotNew) {
  ServerHealth health = Make(1);
  ASSERT_TRUE(health.OnDialFailed(0, kNow, kAtOnce));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(health.OnDialFailed(0, kNow + 1, kAtOnce));
  EXPECT_FALSE(health.IsEjected(0, kNow + 5 * kSecond));
}

TEST(ServerHealth, OneDialTriesAServerThatComesBackWhileOthersKeepAway) {
  ServerHealth health = Make(1);
  EXPECT_TRUE(health.TryTrial(0, kNow, kAtOnce)) << "nobody has to ask for one that is well";
  ASSERT_TRUE(health.OnDialFailed(0, kNow, kAtOnce));
  EXPECT_FALSE(health.TryTrial(0, kNow, kAtOnce));
  const uint64_t back_ns = kNow + 5 * kSecond;
  EXPECT_TRUE(health.TryTrial(0, back_ns, kAtOnce));
  EXPECT_TRUE(health.IsEjected(0, back_ns));
  EXPECT_FALSE(health.TryTrial(0, back_ns, kAtOnce));
  EXPECT_TRUE(health.OnDialFailed(0, back_ns, kAtOnce)) << "the trial's failure counts";
  EXPECT_TRUE(health.IsEjected(0, back_ns + 10 * kSecond - 1));
}

TEST(ServerHealth, ATrialThatSucceedsEndsTheEjection) {
  ServerHealth health = Make(1);
  ASSERT_TRUE(health.OnDialFailed(0, kNow, kAtOnce));
  ASSERT_TRUE(health.TryTrial(0, kNow + 5 * kSecond, kAtOnce));
  EXPECT_TRUE(health.OnDialSucceeded(0));
  EXPECT_FALSE(health.OnDialSucceeded(0)) << "told once";
  EXPECT_TRUE(health.IsUsable(0, kNow + 5 * kSecond));
  EXPECT_TRUE(health.TryTrial(0, kNow + 5 * kSecond, kAtOnce));
}

TEST(ServerHealth, ATrialOfWhichNothingIsHeardLapses) {
  ServerHealth health = Make(1);
  ASSERT_TRUE(health.OnDialFailed(0, kNow, kAtOnce));
  ASSERT_TRUE(health.TryTrial(0, kNow + 5 * kSecond, kAtOnce));
  EXPECT_TRUE(health.TryTrial(0, kNow + 11 * kSecond, kAtOnce));
}

TEST(ServerHealth, ProbesInARowCallItDownAndUp) {
  ServerHealth health = Make(1);
  const auto probe = [&](ProbeResult result) { return health.OnProbe(0, result, kProbes); };
  EXPECT_EQ(probe(ProbeResult::kBad), HealthChange::kNone);
  EXPECT_EQ(probe(ProbeResult::kBad), HealthChange::kNone);
  EXPECT_EQ(probe(ProbeResult::kGood), HealthChange::kNone) << "the row begins anew";
  EXPECT_EQ(probe(ProbeResult::kBad), HealthChange::kNone);
  EXPECT_EQ(probe(ProbeResult::kBad), HealthChange::kNone);
  EXPECT_FALSE(health.IsDown(0));
  EXPECT_EQ(probe(ProbeResult::kBad), HealthChange::kDown);
  EXPECT_TRUE(health.IsDown(0));
  EXPECT_EQ(probe(ProbeResult::kBad), HealthChange::kNone) << "it is known to be";
  EXPECT_EQ(probe(ProbeResult::kGood), HealthChange::kNone);
  EXPECT_EQ(probe(ProbeResult::kBad), HealthChange::kNone);
  EXPECT_EQ(probe(ProbeResult::kGood), HealthChange::kNone);
  EXPECT_EQ(probe(ProbeResult::kGood), HealthChange::kUp);
  EXPECT_FALSE(health.IsDown(0));
}

TEST(ServerHealth, AServerThatIsUpAgainIsNoLongerEjected) {
  ServerHealth health = Make(1);
  ASSERT_TRUE(health.OnDialFailed(0, kNow, kAtOnce));
  ASSERT_EQ(health.OnProbe(0, ProbeResult::kBad, {}), HealthChange::kDown);
  ASSERT_EQ(health.OnProbe(0, ProbeResult::kGood, {}), HealthChange::kUp);
  EXPECT_TRUE(health.IsUsable(0, kNow));
}

TEST(ServerHealth, OneOfManyThreadsEjectsAndOneTries) {
  constexpr uint32_t kThreads = 4;
  constexpr uint32_t kRounds = 2000;
  ServerHealth health = Make(1);
  std::atomic<uint32_t> ejections{0};
  std::atomic<uint32_t> trials{0};
  std::atomic<uint32_t> arrived{0};
  // All threads meet before each step, so that each step is a race of its own.
  const auto meet = [&](uint32_t step) {
    arrived.fetch_add(1);
    while (arrived.load() < kThreads * step) std::this_thread::yield();
  };
  std::vector<std::thread> threads;
  for (uint32_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      uint64_t now_ns = kNow;
      for (uint32_t round = 0; round < kRounds; ++round) {
        meet(3 * round + 1);
        if (health.OnDialFailed(0, now_ns, kAtOnce)) ejections.fetch_add(1);
        meet(3 * round + 2);
        now_ns += 301 * kSecond;
        if (health.TryTrial(0, now_ns, kAtOnce)) trials.fetch_add(1);
        meet(3 * round + 3);
        now_ns += 301 * kSecond;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ejections.load(), kRounds);
  EXPECT_EQ(trials.load(), kRounds);
  health.OnDialSucceeded(0);
  EXPECT_TRUE(health.IsUsable(0, 0));
}

}  // namespace
}  // namespace ringway::base
