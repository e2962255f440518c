// SPDX-License-Identifier: Apache-2.0
//
// A client behind a trusted proxy: it counts, and not the proxy, request by request.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/session/harness.h"

namespace ringway::session {
namespace {

/// The other end of each link here is a proxy of ours.
constexpr std::string_view kTrusting = "trusted_proxies = [\"192.0.2.0/24\"]";
constexpr base::SocketAddress kTold{.family = base::AddressFamily::kIpv4,
                                    .bytes = {203, 0, 113, 7}};

std::string From(std::string_view request, std::string_view client) {
  return HeadWith(request, "X-Forwarded-For: " + std::string(client) + "\r\n");
}

TEST(BehindProxies, IsTheClientOfTheSession) {
  Harness harness({.listener = kTrusting});
  harness.FromClient(From(kRequest, "203.0.113.7"));
  EXPECT_EQ(harness.state(), State::kDialing);
  EXPECT_EQ(harness.session().client(), kTold);
}

TEST(BehindProxies, OfASenderWithoutTrustIsNobody) {
  for (const std::string_view listener : {"", "trusted_proxies = [\"10.0.0.0/8\"]"}) {
    Harness harness({.listener = listener});
    harness.FromClient(From(kRequest, "203.0.113.7"));
    EXPECT_EQ(harness.session().client(), Harness::kClientAddress);
  }
}

TEST(BehindProxies, IsCountedWithAllOfItsAddress) {
  Harness harness({.limits = "sessions_per_address = 1", .listener = kTrusting});
  base::Occupancy::AddressSlot slot = 0;
  ASSERT_EQ(harness.occupancy().EnterAddress(kTold, 0, &slot), base::Admission::kAdmitted);
  harness.FromClient(From(kRequest, "203.0.113.7"));
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 429 ")) << harness.ToClient();
  harness.Accept();
  harness.FromClient(From(kRequest, "203.0.113.8"));
  EXPECT_EQ(harness.state(), State::kDialing) << "another client of the same proxy";
  harness.occupancy().LeaveAddress(slot);
}

TEST(BehindProxies, IsNotTheProxyWhichIsNotCountedItself) {
  Harness harness({.limits = "sessions_per_address = 1", .listener = kTrusting});
  base::Occupancy::AddressSlot slot = 0;
  EXPECT_EQ(harness.occupancy().EnterAddress(Harness::kClientAddress, 1, &slot),
            base::Admission::kAdmitted);
  harness.Accept();
  EXPECT_EQ(harness.ToClient(), "");
  harness.FromClient(kRequest);
  EXPECT_EQ(harness.state(), State::kDialing) << "it tells of nobody: a request of its own";
  harness.occupancy().LeaveAddress(slot);
}

TEST(BehindProxies, IsAnotherOneWithEachRequestOfTheProxysConnection) {
  Harness harness({.limits = "sessions_per_address = 1", .listener = kTrusting, .websocket = ""});
  for (const std::string client : {"203.0.113.7", "203.0.113.8", "203.0.113.7"}) {
    harness.FromClient(From(kWsRequest, client));
    ASSERT_EQ(harness.state(), State::kDialing);
    EXPECT_EQ(harness.session().client().HostText(), client);
    harness.Dialed();
    const std::string sent = harness.ToBackend();
    EXPECT_NE(sent.find("\r\nX-Forwarded-For: " + client + ", 192.0.2.9\r\n"), std::string::npos)
        << "the proxy is the last one: " << sent;
    harness.FromBackend("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n");
    harness.Below();
    base::Occupancy::AddressSlot slot = 0;
    EXPECT_EQ(harness.occupancy().EnterAddress(kTold, 1, &slot), base::Admission::kAdmitted)
        << "at rest it is counted no more";
    harness.occupancy().LeaveAddress(slot);
  }
}

TEST(BehindProxies, BehindAProxyHeaderIsWhomThatHasNamed) {
  Harness harness(
      {.listener = "trusted_proxies = [\"192.0.2.0/24\"]\nproxy_protocol = \"required\""});
  harness.FromClient("PROXY TCP4 203.0.113.9 192.0.2.1 1000 80\r\n" +
                     From(kRequest, "203.0.113.7"));
  EXPECT_EQ(harness.session().client().HostText(), "203.0.113.9");
}

}  // namespace
}  // namespace ringway::session
