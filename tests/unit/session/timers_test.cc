// SPDX-License-Identifier: Apache-2.0
//
// What the timer of an open session does: pings, their deadline, idleness.
#include <gtest/gtest.h>

#include "tests/unit/session/harness.h"

namespace ringway::session {
namespace {

constexpr HarnessOptions kPings{
    .limits = "ping_interval = \"20s\"\npong_timeout = \"5s\"\nidle_timeout = \"0s\""};
constexpr HarnessOptions kIdle{.limits = "ping_interval = \"0s\"\nidle_timeout = \"60s\""};

const std::vector<ServerFrame> kOnePing{{kPingOpcode, ""}};

TEST(PingTimer, SendsAPingAfterTheIntervalWithoutABit) {
  Harness harness(kPings);
  harness.Open();
  EXPECT_EQ(harness.due_ns(), harness.now_ns() + 20 * kSecond);
  harness.WaitUntilDue();
  EXPECT_EQ(harness.Story(), "send client, timer");
  EXPECT_EQ(harness.FramesToClient(), kOnePing);
  EXPECT_EQ(harness.due_ns(), harness.now_ns() + 5 * kSecond);
  EXPECT_EQ(harness.counters().pings_out.value(), 1U);
}

TEST(PingTimer, WaitsFromTheLastByteOfTheClient) {
  Harness harness(kPings);
  harness.Open();
  harness.Advance(15 * kSecond);
  harness.FromClient(Binary("alive").substr(0, 3));
  const uint64_t last = harness.now_ns();
  harness.WaitUntilDue();
  EXPECT_EQ(harness.Story(), "timer") << "the timer was set before that byte";
  EXPECT_EQ(harness.due_ns(), last + 20 * kSecond);
  harness.WaitUntilDue();
  EXPECT_EQ(harness.FramesToClient(), kOnePing);
}

TEST(PingTimer, DoesNotCountTheBackendsBytesAsTheClients) {
  Harness harness(kPings);
  harness.Open();
  harness.Advance(19 * kSecond);
  harness.FromBackend("news");
  harness.Forget();
  harness.WaitUntilDue();
  EXPECT_EQ(harness.FramesToClient(), kOnePing);
}

TEST(PingTimer, TakesAnyByteAsAnAnswer) {
  for (const std::string& bytes : {Pong(""), Binary("x"), Ping("").substr(0, 1)}) {
    Harness harness(kPings);
    harness.Open();
    harness.WaitUntilDue();
    harness.Advance(kSecond);
    harness.FromClient(bytes);
    const uint64_t answered = harness.now_ns();
    while (harness.counters().pings_out.value() == 1) harness.WaitUntilDue();
    EXPECT_EQ(harness.state(), State::kOpen);
    EXPECT_EQ(harness.now_ns(), answered + 20 * kSecond) << "the next ping";
  }
}

TEST(PingTimer, KeepsItsIntervalWhenPongsMayTakeLonger) {
  Harness harness({.limits = "ping_interval = \"20s\"\npong_timeout = \"60s\""});
  harness.Open();
  harness.WaitUntilDue();
  harness.Advance(kSecond);
  harness.FromClient(Pong(""));
  const uint64_t answered = harness.now_ns();
  while (harness.counters().pings_out.value() == 1) harness.WaitUntilDue();
  EXPECT_EQ(harness.now_ns(), answered + 20 * kSecond);
}

TEST(PingTimer, EndsASessionWhoseClientDoesNotAnswer) {
  Harness harness(kPings);
  harness.Open();
  harness.WaitUntilDue();
  const uint64_t sent = harness.now_ns();
  harness.Forget();
  harness.FromBackend("no answer of the client's");
  harness.WaitUntilDue();
  EXPECT_EQ(harness.now_ns(), sent + 5 * kSecond);
  EXPECT_EQ(harness.FramesToClient()[1], CloseFrame(1001, "no answer to a ping"));
  EXPECT_TRUE(harness.link(kBackend).finished);
  ExpectEnding(harness, EndSide::kGateway, EndReason::kPongTimeout, 1001);
  EXPECT_EQ(harness.counters().pong_timeouts.value(), 1U);
}

TEST(PingTimer, SparesAClientThatIsSlowButTakesBytes) {
  Harness harness(kPings);
  harness.Open();
  harness.WaitUntilDue({.queued_bytes = 100'000});
  for (int i = 0; i < 10; ++i) {
    harness.Advance(4 * kSecond);
    harness.session().OnSent(kClient, harness.now_ns());
    const uint64_t took = harness.now_ns();
    harness.WaitUntilDue({.queued_bytes = 50'000});
    ASSERT_EQ(harness.state(), State::kOpen);
    ASSERT_EQ(harness.due_ns(), took + 5 * kSecond);
  }
  harness.WaitUntilDue({.queued_bytes = 50'000});
  ExpectEnding(harness, EndSide::kGateway, EndReason::kPongTimeout, 1001);
}

TEST(PingTimer, GivesAClientThatJustTookItsWholeQueueTheTimeToAnswer) {
  Harness harness(kPings);
  harness.Open();
  harness.WaitUntilDue({.queued_bytes = 100'000});
  harness.Advance(4 * kSecond);
  harness.session().OnSent(kClient, harness.now_ns());
  const uint64_t took = harness.now_ns();
  harness.WaitUntilDue({.queued_bytes = 0});
  ASSERT_EQ(harness.state(), State::kOpen) << "the ping left one second ago";
  EXPECT_EQ(harness.due_ns(), took + 5 * kSecond);
  harness.session().OnSent(kClient, harness.now_ns());
  harness.WaitUntilDue({.queued_bytes = 0});
  ExpectEnding(harness, EndSide::kGateway, EndReason::kPongTimeout, 1001);
}

TEST(PingTimer, DoesNotTakeWhatTheSocketBuffersForASignOfLife) {
  Harness harness(kPings);
  harness.Open();
  harness.WaitUntilDue({.queued_bytes = 0});
  harness.Advance(4 * kSecond);
  harness.FromBackend("news");
  harness.session().OnSent(kClient, harness.now_ns());
  harness.WaitUntilDue({.queued_bytes = 0});
  ExpectEnding(harness, EndSide::kGateway, EndReason::kPongTimeout, 1001);
}

TEST(PingTimer, TriesAgainWhenNoBufferWasLeftForThePing) {
  Harness harness(kPings);
  harness.Open();
  harness.Hoard(base::BufferClass::kCell, 0);
  harness.Hoard(base::BufferClass::kChunk, 0);
  harness.WaitUntilDue();
  EXPECT_EQ(harness.Story(), "timer");
  EXPECT_GT(harness.due_ns(), harness.now_ns()) << "not at once";
  harness.Release();
  harness.WaitUntilDue();
  EXPECT_EQ(harness.FramesToClient(), kOnePing);
}

TEST(IdleTimer, EndsASessionWithoutBytesInEitherDirection) {
  Harness harness(kIdle);
  harness.Open();
  EXPECT_EQ(harness.due_ns(), harness.now_ns() + 60 * kSecond);
  harness.Advance(30 * kSecond);
  harness.FromClient(Binary("x"));
  harness.WaitUntilDue();
  harness.Advance(10 * kSecond);
  harness.FromBackend("y");
  const uint64_t last = harness.now_ns();
  harness.Forget();
  while (harness.state() == State::kOpen) harness.WaitUntilDue();
  EXPECT_EQ(harness.now_ns(), last + 60 * kSecond);
  EXPECT_EQ(harness.FramesToClient(),
            (std::vector<ServerFrame>{CloseFrame(1001, "idle for too long")}));
  EXPECT_FALSE(harness.link(kBackend).finished) << "in order: the client may still speak";
  ExpectEnding(harness, EndSide::kGateway, EndReason::kIdle, 1001);
  EXPECT_EQ(harness.counters().idle_timeouts.value(), 1U);
}

TEST(IdleTimer, CountsBytesThatTheClientStillTakes) {
  Harness harness(kIdle);
  harness.Open();
  harness.Advance(50 * kSecond);
  harness.session().OnSent(kClient, harness.now_ns());
  const uint64_t took = harness.now_ns();
  while (harness.state() == State::kOpen) harness.WaitUntilDue({.queued_bytes = 1000});
  EXPECT_EQ(harness.now_ns(), took + 60 * kSecond);
}

TEST(Timers, ThatAreZeroNeverCome) {
  Harness harness({.limits = "ping_interval = \"0s\"\nidle_timeout = \"0s\""});
  harness.Open();
  EXPECT_EQ(harness.due_ns(), UINT64_MAX);
  harness.Advance(1'000'000 * kSecond);
  harness.Due();
  EXPECT_EQ(harness.state(), State::kOpen);
  EXPECT_EQ(harness.due_ns(), UINT64_MAX);
  EXPECT_EQ(harness.ToClient(), "");
}

TEST(Timers, ThatComeTooEarlyAreSetAgain) {
  Harness harness;
  harness.Due();
  EXPECT_EQ(harness.Story(), "timer");
  EXPECT_EQ(harness.due_ns(), harness.now_ns() + 10 * kSecond);
  harness.FromClient(kRequest);
  harness.Due();
  EXPECT_EQ(harness.Story(), "timer");
  harness.Dialed();
  harness.Due();
  EXPECT_EQ(harness.Story(), "timer");
  harness.Drain();
  harness.Due();
  EXPECT_EQ(harness.Story(), "timer");
  EXPECT_EQ(harness.due_ns(), harness.now_ns() + 5 * kSecond);
}

TEST(Timers, AClientThatIsNotReadIsNotAskedForAPong) {
  Harness harness(
      {.limits = "ping_interval = \"30s\"\npong_timeout = \"10s\"\nidle_timeout = \"5m\""});
  harness.Open();
  harness.WaitUntilDue();
  ASSERT_EQ(harness.FramesToClient().size(), 1U) << "a ping";
  harness.Forget();
  // The backend stalls before the pong could be received.
  for (int i = 0; i < 5; ++i) {
    harness.WaitUntilDue({.is_read = false});
    ASSERT_EQ(harness.state(), State::kOpen);
    EXPECT_TRUE(harness.ToClient().empty());
  }
  // It goes on: the client gets a new ping and its whole time to answer.
  harness.session().OnSent(kBackend, harness.now_ns());
  harness.WaitUntilDue();
  ASSERT_EQ(harness.FramesToClient().size(), 1U);
  harness.FromClient(Pong(""));
  EXPECT_EQ(harness.state(), State::kOpen);
}

TEST(Timers, AClientThatIsNotReadStillIdles) {
  Harness harness({.limits = "ping_interval = \"30s\"\nidle_timeout = \"2m\""});
  harness.Open();
  const uint64_t begin_ns = harness.now_ns();
  while (harness.state() == State::kOpen) harness.WaitUntilDue({.is_read = false});
  ExpectEnding(harness, EndSide::kGateway, EndReason::kIdle, 1001);
  EXPECT_EQ(harness.now_ns() - begin_ns, 120 * kSecond);
}

TEST(Timers, WhatABackendTakesKeepsASessionFromBeingIdle) {
  Harness harness({.limits = "ping_interval = \"0s\"\nidle_timeout = \"10s\""});
  harness.Open();
  for (int i = 0; i < 5; ++i) {
    harness.Advance(6 * kSecond);
    harness.session().OnSent(kBackend, harness.now_ns());
    harness.Due();
    ASSERT_EQ(harness.state(), State::kOpen);
  }
}

TEST(Timers, AClosingThatMovesIsNotCut) {
  Harness harness({.limits = "close_timeout = \"5s\"\nidle_timeout = \"30s\""});
  harness.Open();
  harness.End(kBackend, LinkEnd::kFin);
  const uint64_t begin_ns = harness.now_ns();
  while (!harness.over()) {
    harness.Advance(4 * kSecond);
    harness.session().OnSent(kClient, harness.now_ns());
    if (harness.now_ns() >= harness.due_ns()) harness.Due({.queued_bytes = 1000});
  }
  EXPECT_TRUE(harness.session().cut());
  EXPECT_EQ(harness.now_ns() - begin_ns, 32 * kSecond) << "but not for ever";
}

TEST(Timers, APingWithoutMemoryIsTriedAgainLater) {
  Harness harness({.limits = "ping_interval = \"30s\""});
  harness.Open();
  harness.Hoard(base::BufferClass::kCell, 0);
  harness.Hoard(base::BufferClass::kChunk, 0);
  harness.WaitUntilDue();
  EXPECT_EQ(harness.counters().pings_postponed.value(), 1U);
  EXPECT_EQ(harness.due_ns(), harness.now_ns() + kSecond);
  harness.Release();
  harness.WaitUntilDue();
  EXPECT_EQ(harness.counters().pings_out.value(), 1U);
}

}  // namespace
}  // namespace ringway::session
