// SPDX-License-Identifier: Apache-2.0
//
// Who may come in, and to which server; and that whoever came in is counted out again (the harness
// looks at that after each session).
#include <gtest/gtest.h>

#include "tests/unit/session/harness.h"

namespace ringway::session {
namespace {

constexpr std::string_view kFailure = "the backend refused the connection";

TEST(Admission, ASessionIsCountedFromItsWholeRequestToLeave) {
  Harness harness;
  EXPECT_EQ(harness.occupancy().sessions(), 0U) << "who asks for nothing is no session";
  harness.FromClient(kRequest.substr(0, 10));
  EXPECT_EQ(harness.occupancy().sessions(), 0U);
  harness.FromClient(kRequest.substr(10));
  EXPECT_EQ(harness.occupancy().sessions(), 1U);
  harness.Dialed();
  EXPECT_EQ(harness.occupancy().of_route(0), 1U);
  EXPECT_EQ(harness.occupancy().on_server(1), 1U);
  harness.Accept();
  EXPECT_EQ(harness.occupancy().sessions(), 0U);
  EXPECT_EQ(harness.occupancy().of_route(0), 0U);
  EXPECT_EQ(harness.occupancy().on_server(1), 0U);
}

TEST(Admission, OverSessionsMaxTheAnswerToAWholeRequestIs503) {
  Harness harness({.limits = "sessions_max = 1"});
  ASSERT_EQ(harness.occupancy().Enter(0), base::Admission::kAdmitted);  // another worker's
  harness.FromClient(kRequest.substr(0, 10));
  EXPECT_EQ(harness.Story(), "");
  harness.FromClient(kRequest.substr(10));
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 503 ")) << harness.ToClient();
  EXPECT_EQ(harness.Story(), "send client, finish client, timer") << "nobody is dialled";
  ExpectEnding(harness, EndSide::kGateway, EndReason::kRefused, 503);
  EXPECT_EQ(harness.counters().refused_by_sessions_max.value(), 1U);
  EXPECT_EQ(harness.occupancy().sessions(), 1U) << "a refused client is not counted";
  harness.FromClient("more");
  EXPECT_EQ(harness.Story(), "") << "it is discarded";
  harness.End(kClient, LinkEnd::kFin);
  EXPECT_TRUE(harness.over());
}

TEST(Admission, ASessionIsCountedOnceHoweverOftenItAsks) {
  Harness harness({.limits = "sessions_max = 1", .websocket = ""});
  for (int i = 0; i < 3; ++i) {
    harness.FromClient(kWsRequest);
    ASSERT_EQ(harness.state(), State::kDialing);
    EXPECT_EQ(harness.occupancy().sessions(), 1U);
    harness.Dialed();
    harness.FromBackend("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n");
    harness.Below();
  }
}

TEST(Admission, OverSessionsPerAddressTheAnswerIs429) {
  Harness harness({.limits = "sessions_per_address = 1"});
  base::SocketAddress other_port = Harness::kClientAddress;
  ++other_port.port;
  base::Occupancy::AddressSlot slot = 0;
  EXPECT_EQ(harness.occupancy().EnterAddress(other_port, 1, &slot), base::Admission::kLimitReached)
      << "the session that the harness began with";
  ASSERT_EQ(harness.occupancy().EnterAddress(other_port, 0, &slot), base::Admission::kAdmitted);
  harness.Accept();
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 429 ")) << harness.ToClient();
  EXPECT_EQ(harness.counters().refused_by_address.value(), 1U);
  harness.occupancy().LeaveAddress(slot);
  harness.Accept();
  EXPECT_EQ(harness.state(), State::kHandshake);
}

TEST(Admission, WithoutRoomForOneMoreAddressTheAnswerIs503) {
  Harness harness({.limits = "sessions_per_address = 1"});
  harness.Accept({});  // without an address: it is in nobody's way
  base::SocketAddress other = Harness::kClientAddress;
  base::Occupancy::AddressSlot slot = 0;
  auto entered = base::Admission::kAdmitted;
  for (uint8_t i = 1; i < 255 && entered == base::Admission::kAdmitted; ++i) {
    other.bytes = {10, 0, 0, i};
    entered = harness.occupancy().EnterAddress(other, 1, &slot);
  }
  ASSERT_EQ(entered, base::Admission::kNoRoom);
  harness.Accept(other);
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 503 ")) << harness.ToClient();
  EXPECT_EQ(harness.counters().refused_by_address.value(), 1U);
}

TEST(Admission, OverTheRoutesSessionsMaxTheAnswerIs503AndOtherRoutesLive) {
  Harness harness({.route = R"(sessions_max = 1
[[route]]
name = "other"
listener = "web"
path = "/other"
mode = "tcp"
backend = "first")"});
  ASSERT_EQ(harness.occupancy().EnterRoute(0, 0), base::Admission::kAdmitted);
  harness.FromClient(kRequest);
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 503 ")) << harness.ToClient();
  EXPECT_EQ(harness.counters().refused_by_route.value(), 1U);
  EXPECT_EQ(harness.occupancy().of_route(0), 1U);

  harness.Accept();
  std::string request(kRequest);
  request.replace(request.find("/echo"), 5, "/other");
  harness.FromClient(request);
  EXPECT_EQ(harness.state(), State::kDialing);
  EXPECT_EQ(harness.occupancy().of_route(1), 1U);
}

TEST(Admission, AFailedDialGoesToTheNextServerAndIsCountedThere) {
  Harness harness;
  harness.FromClient(kRequest);
  ASSERT_EQ(harness.acts().front().server_index, 0U);
  harness.DialFailed(kFailure, NextServer::kTry);
  ASSERT_EQ(harness.Story(), "dial, timer");
  EXPECT_EQ(harness.acts().front().server_index, 1U);
  EXPECT_EQ(harness.counters().dials_of_next_server.value(), 1U);
  EXPECT_EQ(harness.occupancy().on_server(1), 0U);
  EXPECT_EQ(harness.occupancy().on_server(2), 1U);
  harness.Dialed();
  EXPECT_EQ(harness.state(), State::kOpen);
}

TEST(Admission, WhenEveryServerFailedTheAnswerIs502) {
  Harness harness;
  harness.FromClient(kRequest);
  harness.DialFailed(kFailure, NextServer::kTry);
  harness.DialFailed(kFailure, NextServer::kTry);
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 502 ")) << harness.ToClient();
  ExpectEnding(harness, EndSide::kBackend, EndReason::kDialFailed, 502);
}

TEST(Admission, WhenEveryServerIsFullTheAnswerIs503) {
  Harness harness({.backend = "sessions_per_server = 1"});
  for (const uint32_t place : {1U, 2U}) {
    ASSERT_EQ(harness.occupancy().EnterServer(place, 0), base::Admission::kAdmitted);
  }
  harness.FromClient(kRequest);
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 503 ")) << harness.ToClient();
  EXPECT_NE(harness.ToClient().find("\r\nRetry-After: "), std::string::npos);
  EXPECT_EQ(harness.counters().refused_by_servers_full.value(), 1U);
  EXPECT_EQ(harness.Story(), "send client, finish client, timer") << "nobody is dialled";
  ExpectEnding(harness, EndSide::kGateway, EndReason::kRefused, 503);
  for (const uint32_t place : {1U, 2U}) harness.occupancy().LeaveServer(place);
}

TEST(Admission, WhenProbesCallEveryServerDownTheAnswerIs503) {
  Harness harness;
  for (const uint32_t place : {1U, 2U}) {
    harness.health().OnProbe(place, base::ProbeResult::kBad, {});
  }
  harness.FromClient(kRequest);
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 503 ")) << harness.ToClient();
  EXPECT_EQ(harness.counters().refused_by_health.value(), 1U);
  ExpectEnding(harness, EndSide::kGateway, EndReason::kRefused, 503);
}

TEST(Admission, WhenTheOnlyServerThatIsNotDownFailedTheAnswerIs503) {
  Harness harness;
  harness.health().OnProbe(2, base::ProbeResult::kBad, {});
  harness.FromClient(kRequest);
  ASSERT_EQ(harness.acts().front().server_index, 0U);
  harness.DialFailed(kFailure, NextServer::kTry);
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 503 ")) << harness.ToClient();
  ExpectEnding(harness, EndSide::kBackend, EndReason::kDialFailed, 503);
}

TEST(Admission, ADialThatSucceedsForgetsThoseThatFailed) {
  Harness harness({.backend = "failures_max = 1"});
  harness.FromClient(kRequest);
  harness.DialFailed(kFailure, NextServer::kTry);
  harness.Dialed();
  EXPECT_TRUE(harness.health().IsEjected(1, harness.now_ns()));
  EXPECT_EQ(harness.counters().servers_ejected.value(), 1U);
  EXPECT_FALSE(harness.health().IsEjected(2, harness.now_ns()));
  harness.health().OnDialFailed(2, harness.now_ns(), {.failures_max = 2, .time_ns = kSecond});
  harness.Accept();
  harness.Open();
  EXPECT_FALSE(harness.health().OnDialFailed(2, harness.now_ns(), {.failures_max = 2}))
      << "it is the first one in a row again";
}

TEST(Admission, WhatTheGatewayLacksNoOtherServerMends) {
  Harness harness;
  harness.FromClient(kRequest);
  harness.DialFailed("the gateway has no descriptor left", NextServer::kSpare);
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 502 ")) << harness.ToClient();
}

TEST(Admission, TheConnectTimeoutHoldsForAllServersTogether) {
  Harness harness({.backend = "try_timeout = \"3s\""});
  harness.FromClient(kRequest);
  const uint64_t due_ns = harness.due_ns();
  harness.Advance(kSecond);
  harness.DialFailed(kFailure, NextServer::kTry);
  EXPECT_EQ(harness.due_ns(), due_ns);
  harness.WaitUntilDue();
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 502 ")) << harness.ToClient();
  EXPECT_EQ(harness.occupancy().on_server(1) + harness.occupancy().on_server(2), 0U);
}

TEST(Admission, TheServerWithFewerSessionsIsDialled) {
  Harness harness;
  ASSERT_EQ(harness.occupancy().EnterServer(1, 0), base::Admission::kAdmitted);
  harness.FromClient(kRequest);
  EXPECT_EQ(harness.acts().front().server_index, 1U);
  harness.occupancy().LeaveServer(1);
}

}  // namespace
}  // namespace ringway::session
