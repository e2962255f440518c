// SPDX-License-Identifier: Apache-2.0
//
// A server whose name stands for several addresses: each is tried, the server is to blame only when
// all have failed, and one that does not answer costs try_timeout.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/unit/session/harness.h"

namespace ringway::session {
namespace {

constexpr std::string_view kFailure = "the backend refused the connection";
constexpr uint64_t kTry = kSecond / 2;
constexpr std::string_view kTryTimeout = "try_timeout = \"500ms\"\nfailures_max = 1";

/// The server, one of two, that a new client's session begins with.
uint32_t Begin(Harness& harness) {
  harness.Accept();
  harness.FromClient(kRequest);
  return harness.acts().front().server_index;
}

bool IsEjected(Harness& harness, uint32_t server) {
  return harness.health().IsEjected(1 + server, harness.now_ns());
}

TEST(Addresses, AnotherOneOfTheSameServerIsDialledAtOnceWhereOneRefuses) {
  Harness harness({.backend = "failures_max = 1", .addresses = 3});
  const uint32_t server = Begin(harness);
  const uint32_t first = harness.acts().front().address_index;
  harness.DialFailed(kFailure, NextServer::kTry);
  ASSERT_EQ(harness.Story(), "dial, timer");
  EXPECT_EQ(harness.acts().front().server_index, server);
  EXPECT_NE(harness.acts().front().address_index, first);
  EXPECT_EQ(harness.counters().dials_of_next_address.value(), 1U);
  EXPECT_EQ(harness.counters().dials_of_next_server.value(), 0U);
  EXPECT_EQ(harness.occupancy().on_server(1 + server), 1U);
  harness.Dialed();
  EXPECT_EQ(harness.state(), State::kOpen);
  EXPECT_FALSE(IsEjected(harness, server));
}

TEST(Addresses, SessionsAreSpreadOverThem) {
  Harness harness({.backend = "weights = [256, 1]", .addresses = 3});
  std::set<uint32_t> met;
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(Begin(harness), 0U);
    met.insert(harness.acts().front().address_index);
  }
  EXPECT_EQ(met.size(), 3U);
}

TEST(Addresses, TheServerIsToBlameWhenAllHaveFailed) {
  Harness harness({.backend = "failures_max = 1", .addresses = 2});
  const uint32_t server = Begin(harness);
  harness.DialFailed(kFailure, NextServer::kTry);
  EXPECT_FALSE(IsEjected(harness, server));
  harness.DialFailed(kFailure, NextServer::kTry);
  EXPECT_TRUE(IsEjected(harness, server));
  EXPECT_EQ(harness.acts().front().server_index, 1 - server);
  EXPECT_EQ(harness.occupancy().on_server(1 + server), 0U);
  EXPECT_EQ(harness.counters().dials_of_next_server.value(), 1U);
  harness.DialFailed(kFailure, NextServer::kTry);
  harness.DialFailed(kFailure, NextServer::kTry);
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 502 ")) << harness.ToClient();
  ExpectEnding(harness, EndSide::kBackend, EndReason::kDialFailed, 502);
}

TEST(Addresses, TheServerIsNotToBlameWhereTheGatewayLackedAPort) {
  Harness harness({.backend = "failures_max = 1", .addresses = 2});
  const uint32_t server = Begin(harness);
  harness.DialFailed(kFailure, NextServer::kTryBlameless);
  EXPECT_EQ(harness.acts().front().server_index, server) << "another address has other ports";
  harness.DialFailed(kFailure, NextServer::kTry);
  EXPECT_FALSE(IsEjected(harness, server));
  EXPECT_EQ(harness.acts().front().server_index, 1 - server);
}

TEST(Addresses, WhatTheGatewayLacksNoOtherOneMends) {
  Harness harness({.addresses = 2});
  Begin(harness);
  harness.DialFailed("the gateway has no descriptor left", NextServer::kSpare);
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 502 ")) << harness.ToClient();
}

TEST(TryTimeout, GivesOneUpAndDialsTheNextAtOnce) {
  Harness harness({.backend = kTryTimeout, .addresses = 2});
  const uint64_t began_ns = harness.now_ns();
  const uint32_t server = Begin(harness);
  const uint32_t first = harness.acts().front().address_index;
  EXPECT_EQ(harness.due_ns(), began_ns + kTry);
  harness.WaitUntilDue();
  ASSERT_EQ(harness.Story(), "drop backend, dial, timer");
  EXPECT_EQ(harness.acts()[1].server_index, server);
  EXPECT_EQ(harness.acts()[1].address_index, 1 - first);
  EXPECT_EQ(harness.counters().dials_given_up.value(), 1U);
  EXPECT_EQ(harness.counters().dials_failed.value(), 1U);
  EXPECT_EQ(harness.due_ns(), began_ns + 2 * kTry);
  EXPECT_FALSE(IsEjected(harness, server));
  harness.Dialed();
  EXPECT_EQ(harness.state(), State::kOpen);
}

TEST(TryTimeout, LeadsFromOneServerToTheNext) {
  Harness harness({.backend = kTryTimeout});
  const uint32_t server = Begin(harness);
  harness.WaitUntilDue();
  ASSERT_EQ(harness.Story(), "drop backend, dial, timer");
  EXPECT_EQ(harness.acts()[1].server_index, 1 - server);
  EXPECT_TRUE(IsEjected(harness, server));
  EXPECT_EQ(harness.occupancy().on_server(1 + server), 0U);
}

TEST(TryTimeout, LeavesAllTheRestOfTheTimeToTheLastOne) {
  Harness harness({.backend = kTryTimeout});
  const uint64_t end_ns = harness.now_ns() + 3 * kSecond;
  Begin(harness);
  harness.WaitUntilDue();
  harness.WaitUntilDue();
  EXPECT_EQ(harness.Story(), "timer") << "nothing else could be tried";
  EXPECT_EQ(harness.due_ns(), end_ns);
  harness.WaitUntilDue();
  EXPECT_EQ(harness.now_ns(), end_ns);
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 502 ")) << harness.ToClient();
  EXPECT_EQ(harness.counters().dials_given_up.value(), 1U);
  EXPECT_EQ(harness.counters().dials_failed.value(), 2U);
}

TEST(TryTimeout, IsNotForAServerBesideWhichAllAreFullOrDown) {
  Harness harness({.backend = "try_timeout = \"500ms\"\nsessions_per_server = 1"});
  ASSERT_EQ(harness.occupancy().EnterServer(2, 0), base::Admission::kAdmitted);
  harness.FromClient(kRequest);
  ASSERT_EQ(harness.acts().front().server_index, 0U);
  harness.WaitUntilDue();
  EXPECT_EQ(harness.Story(), "timer");
  harness.occupancy().LeaveServer(2);
  harness.health().OnProbe(2, base::ProbeResult::kBad, {});
  ASSERT_EQ(Begin(harness), 0U);
  harness.WaitUntilDue();
  EXPECT_EQ(harness.Story(), "timer");
  harness.Dialed();
  EXPECT_EQ(harness.state(), State::kOpen);
}

TEST(TryTimeout, TheConnectTimeoutHoldsForAllTries) {
  Harness harness({.backend = "try_timeout = \"1ms\"", .addresses = 16});
  const uint64_t end_ns = harness.now_ns() + 3 * kSecond;
  Begin(harness);
  while (harness.state() == State::kDialing) harness.WaitUntilDue();
  EXPECT_EQ(harness.now_ns(), end_ns);
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 502 ")) << harness.ToClient();
  EXPECT_EQ(harness.counters().dials_failed.value(), 32U);
  EXPECT_EQ(harness.counters().dials_given_up.value(), 31U);
}

TEST(TryTimeout, AClientThatLeavesMeanwhileIsForgotten) {
  Harness harness({.backend = kTryTimeout});
  Begin(harness);
  harness.WaitUntilDue();
  harness.End(kClient, LinkEnd::kReset);
  EXPECT_TRUE(harness.over());
  ExpectEnding(harness, EndSide::kClient, EndReason::kAbandoned, 0);
}

TEST(TryTimeout, ADrainMeanwhileDialsNobody) {
  Harness harness({.backend = kTryTimeout});
  Begin(harness);
  harness.WaitUntilDue();
  harness.Drain();
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 503 ")) << harness.ToClient();
  EXPECT_EQ(harness.Story(), "drop backend, send client, finish client, timer");
}

}  // namespace
}  // namespace ringway::session
