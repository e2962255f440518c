// SPDX-License-Identifier: Apache-2.0
//
// Times in 32 bits: what they round to, and that nobody meets their wrap after 49 days.
#include "gateway/session/stamp.h"

#include <gtest/gtest.h>

#include "tests/unit/session/harness.h"

namespace ringway::session {
namespace {

constexpr uint64_t kHour = 3600 * kSecond;
constexpr uint64_t kDay = 24 * kHour;
constexpr uint64_t kWrap = (uint64_t{1} << 32) * kMs;

TEST(Stamp, IsRoundedUpToAMillisecond) {
  EXPECT_EQ(Stamp(7 * kMs).ToNs(9 * kMs), 7 * kMs);
  EXPECT_EQ(Stamp(7 * kMs + 1).ToNs(9 * kMs), 8 * kMs);
  EXPECT_EQ(Stamp(7 * kMs + 1).ToNs(7 * kMs + 1), 8 * kMs) << "also where that is still to come";
  EXPECT_EQ(Stamp(7 * kMs + 1).ToNs(7 * kMs + 2), 8 * kMs);
}

TEST(Stamp, IsRightAcrossTheWrapOfItsMilliseconds) {
  for (const uint64_t wraps : {1U, 2U, 77U}) {
    const uint64_t since = wraps * kWrap - kSecond;
    for (const uint64_t age : {uint64_t{0}, kSecond, 2 * kSecond, kDay, kWrap - kMs}) {
      EXPECT_EQ(Stamp(since).ToNs(since + age), since) << wraps << " wraps, " << age << " ns old";
    }
  }
}

TEST(Stamp, OfLongAgoStaysLongAgoForWhoeverSettlesIt) {
  Stamp stamp(kSecond);
  for (uint64_t now = kSecond; now < 3 * kWrap; now += 20 * kDay) {
    stamp.Settle(now);
    EXPECT_LE(stamp.ToNs(now), now);
    if (now > 2 * kDay) {
      EXPECT_LT(stamp.ToNs(now), now - kDay);
    }
  }
}

TEST(Stamp, OfNotSoLongAgoIsNotMovedBySettling) {
  Stamp stamp(kDay);
  stamp.Settle(21 * kDay);
  EXPECT_EQ(stamp.ToNs(21 * kDay), kDay);
}

/// Opens a session just before the wrap.
void OpenBeforeTheWrap(Harness& harness) {
  harness.Advance(kWrap - kSecond - harness.now_ns());
  harness.Accept();
  harness.Open();
}

TEST(Wrap, DoesNotMoveAPing) {
  Harness harness(
      {.limits = "ping_interval = \"20s\"\npong_timeout = \"5s\"\nidle_timeout = \"60s\""});
  OpenBeforeTheWrap(harness);
  EXPECT_EQ(harness.due_ns(), harness.now_ns() + 20 * kSecond);
  harness.WaitUntilDue();
  EXPECT_EQ(harness.Story(), "send client, timer");
  EXPECT_EQ(harness.due_ns(), harness.now_ns() + 5 * kSecond);
  harness.WaitUntilDue();
  ExpectEnding(harness, EndSide::kGateway, EndReason::kPongTimeout, 1001);
}

TEST(Wrap, DoesNotMoveTheEndOfAClosing) {
  Harness harness({.limits = "close_timeout = \"5s\"\nidle_timeout = \"60s\""});
  OpenBeforeTheWrap(harness);
  harness.Drain();
  EXPECT_EQ(harness.due_ns(), harness.now_ns() + 5 * kSecond);
  harness.WaitUntilDue();
  EXPECT_TRUE(harness.session().cut());
}

// Nothing of it has a limit, so that no timer looks at it meanwhile.
TEST(SilentSession, OfManyDaysClosesInTheTimeThatAClosingHas) {
  for (const uint64_t silence : {kWrap - kSecond, kWrap, kWrap + 3 * kSecond, 2 * kWrap + kMs}) {
    Harness harness({.limits = "ping_interval = \"0s\"\nidle_timeout = \"0s\""});
    harness.Open();
    EXPECT_EQ(harness.due_ns(), UINT64_MAX);
    harness.Advance(silence);
    harness.Drain();
    EXPECT_EQ(harness.due_ns(), harness.now_ns() + 5 * kSecond);
    harness.Advance(5 * kSecond - kMs);
    harness.Due();
    EXPECT_FALSE(harness.session().cut());
    harness.Advance(kMs);
    harness.Due();
    EXPECT_TRUE(harness.session().cut());
  }
}

TEST(SilentBackend, OfManyDaysDoesNotKeepASessionFromBeingIdle) {
  Harness harness({.limits = "ping_interval = \"12h\"\npong_timeout = \"24h\"\n"
                             "idle_timeout = \"24h\""});
  harness.Open();
  const uint64_t opened = harness.now_ns();
  // The stamp of its last byte has just wrapped: it must not look like one of a moment ago.
  while (harness.now_ns() < opened + kWrap - 12 * kHour) {
    harness.WaitUntilDue();
    EXPECT_EQ(harness.state(), State::kOpen);
    if (harness.counters().pings_out.value() > 0) harness.FromClient(Pong(""));
  }
  const uint64_t last = harness.now_ns();
  while (harness.state() == State::kOpen) harness.WaitUntilDue();
  EXPECT_EQ(harness.now_ns(), last + kDay);
  ExpectEnding(harness, EndSide::kGateway, EndReason::kIdle, 1001);
}

}  // namespace
}  // namespace ringway::session
