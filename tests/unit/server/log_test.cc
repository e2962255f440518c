// SPDX-License-Identifier: Apache-2.0
//
// Trouble that comes a thousand times a second is one line a second; and what a line looks like.
#include "gateway/server/log.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <regex>
#include <string>
#include <thread>
#include <vector>

namespace ringway::server {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

TEST(RateLimit, LetsOneThroughInEachIntervalAndCountsTheRest) {
  RateLimit limit(kSecond);
  uint64_t suppressed = 99;
  EXPECT_TRUE(limit.Allows(10 * kSecond, &suppressed));
  EXPECT_EQ(suppressed, 0U);
  EXPECT_FALSE(limit.Allows(10 * kSecond, &suppressed));
  EXPECT_FALSE(limit.Allows(11 * kSecond - 1, &suppressed));
  EXPECT_TRUE(limit.Allows(11 * kSecond, &suppressed));
  EXPECT_EQ(suppressed, 2U);
  EXPECT_TRUE(limit.Allows(20 * kSecond, &suppressed));
  EXPECT_EQ(suppressed, 0U) << "counted anew";
}

TEST(StateLines, SayWhatAWorkerHoldsAndWhichCountersMoved) {
  base::Gauges gauges;
  base::Counters counters;
  base::TurnTimes turns;
  EXPECT_EQ(StateLines(0, gauges, counters, turns),
            (std::vector<std::string>{"state worker=0 sessions=0 half_open=0 links=0 leases=0 "
                                      "queued_bytes=0 files=0",
                                      "counters worker=0", "turns worker=0 longest_us=0"}));
  gauges.sessions_open.Set(1);
  gauges.half_open.Set(4);
  gauges.links_open.Set(2);
  gauges.leases_out.Set(7);
  gauges.leases_out.Set(3);
  gauges.bytes_queued.Set(1ULL << 40);
  counters.turns.Add(12);
  counters.accepted.Add(1);
  for (const uint64_t us : {0, 1, 1, 3, 1023, 1024, 5'000'000}) turns.Record(us * 1000 + 999);
  EXPECT_EQ(StateLines(5, gauges, counters, turns),
            (std::vector<std::string>{
                "state worker=5 sessions=1 half_open=4 links=2 leases=3 "
                "queued_bytes=1099511627776 files=0",
                "counters worker=5 turns=12 accepted=1",
                "turns worker=5 longest_us=5000000 below_1us=1 below_2us=2 below_4us=1 "
                "below_1024us=1 below_2048us=1 from_1048576us=1"}));
}

TEST(RateLimit, LetsTheFirstThroughAtTheBeginningOfTime) {
  RateLimit limit(kSecond);
  uint64_t suppressed = 0;
  EXPECT_TRUE(limit.Allows(0, &suppressed));
}

TEST(RateLimit, LosesNoCountBetweenThreads) {
  constexpr int kCalls = 20'000;
  RateLimit limit(10);
  std::atomic<uint64_t> written{0};
  std::atomic<uint64_t> reported{0};
  const auto call = [&] {
    for (uint64_t now = 0; now < kCalls; ++now) {
      uint64_t suppressed = 0;
      if (!limit.Allows(now, &suppressed)) continue;
      ++written;
      reported += suppressed;
    }
  };
  std::thread first(call);
  std::thread second(call);
  first.join();
  second.join();
  uint64_t rest = 0;
  ASSERT_TRUE(limit.Allows(1'000'000, &rest));
  EXPECT_LE(written, uint64_t{kCalls / 10});
  EXPECT_EQ(written + reported + rest, uint64_t{2 * kCalls});
}

TEST(Log, WritesTimeLevelAndTextOfALine) {
  testing::internal::CaptureStderr();
  OpenLog(config::LogLevel::kWarn);
  LogLine(config::LogLevel::kWarn, "first {}");
  LogLine(config::LogLevel::kInfo, "below the level");
  LogAlways("always");
  LogFailure("port taken");
  EXPECT_EQ(LostLogLines(), 0U);
  CloseLog();
  const std::string text = testing::internal::GetCapturedStderr();
  const std::string time = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3} )";
  EXPECT_TRUE(std::regex_match(
      text, std::regex(time + R"(warning first \{\}\n)" + time + R"(info always\nport taken\n)")))
      << text;
}

void LogAndAbort() {
  OpenLog(config::LogLevel::kInfo);
  for (int i = 0; i < 1000; ++i) LogLine(config::LogLevel::kInfo, "on the way");
  LogLine(config::LogLevel::kInfo, "the last before the crash");
  std::abort();
}

TEST(LogDeathTest, WritesWhatWasLoggedBeforeACrash) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_DEATH(LogAndAbort(), "the last before the crash");
}

}  // namespace
}  // namespace ringway::server
