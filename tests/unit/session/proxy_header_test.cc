// SPDX-License-Identifier: Apache-2.0
//
// PROXY headers: the one that a trusted proxy sends in front of a connection, and the one that a
// backend is sent.
#include "gateway/proxy/proxy_header.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tests/unit/session/harness.h"

namespace ringway::session {
namespace {

using base::BufferClass;

constexpr std::string_view kListener =
    "trusted_proxies = [\"192.0.2.0/24\"]\nproxy_protocol = \"required\"";
constexpr HarnessOptions kRequired{.listener = kListener, .websocket = ""};
constexpr base::SocketAddress kRealClient{
    .family = base::AddressFamily::kIpv4, .port = 4321, .bytes = {198, 51, 100, 7}};
constexpr base::SocketAddress kReached{
    .family = base::AddressFamily::kIpv4, .port = 443, .bytes = {203, 0, 113, 1}};
constexpr std::string_view kV1 = "PROXY TCP4 198.51.100.7 203.0.113.1 4321 443\r\n";

std::string V2(const proxy::Header& header) {
  std::array<char, 512> bytes{};
  return {bytes.data(), proxy::BuildProxyV2(header, bytes)};
}

std::string V2() { return V2({.source = kRealClient, .destination = kReached}); }

TEST(ProxyHeaderIn, SaysWhoTheClientIs) {
  for (const std::string& header : {std::string(kV1), V2()}) {
    Harness harness(kRequired);
    harness.FromClient(header + std::string(kWsRequest));
    EXPECT_EQ(harness.Story(), "dial, timer");
    EXPECT_EQ(harness.session().client(), kRealClient);
    harness.Dialed();
    EXPECT_NE(harness.ToBackend().find("\r\nX-Forwarded-For: 198.51.100.7\r\n"), std::string::npos);
    harness.FromBackend(kSwitching);
    EXPECT_EQ(harness.state(), State::kOpen);
    EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
  }
}

TEST(ProxyHeaderIn, MayComeInTwoPiecesWhereverTheyAreCut) {
  for (const std::string& header : {std::string(kV1), V2()}) {
    const std::string stream = header + std::string(kRequest) + Binary("frame");
    for (size_t cut = 1; cut < stream.size(); ++cut) {
      SCOPED_TRACE(cut);
      Harness harness(kRequired);
      harness.FromClient(stream.substr(0, cut));
      // While the backend is dialled nothing is read.
      if (harness.state() == State::kDialing) harness.Dialed();
      harness.FromClient(stream.substr(cut));
      if (harness.state() == State::kDialing) harness.Dialed();
      ASSERT_EQ(harness.state(), State::kOpen);
      EXPECT_EQ(harness.session().client(), kRealClient);
      EXPECT_EQ(harness.ToBackend(), "frame");
      EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
    }
  }
}

TEST(ProxyHeaderIn, MayComeByteByByte) {
  for (const std::string& header : {std::string(kV1), V2()}) {
    const std::string stream = header + std::string(kRequest);
    Harness harness(kRequired);
    for (const char& byte : stream) harness.FromClient({&byte, 1});
    EXPECT_EQ(harness.state(), State::kDialing);
    EXPECT_EQ(harness.session().client(), kRealClient);
    EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
  }
}

TEST(ProxyHeaderIn, OfAHealthCheckKeepsTheConnectionsOwnAddress) {
  for (const std::string& header :
       {std::string("PROXY UNKNOWN\r\n"), V2({.command = proxy::Command::kLocal})}) {
    Harness harness(kRequired);
    harness.FromClient(header + std::string(kRequest));
    EXPECT_EQ(harness.state(), State::kDialing);
    EXPECT_EQ(harness.session().client(), Harness::kClientAddress);
  }
}

TEST(ProxyHeaderIn, FromAStrangerIsNotEvenRead) {
  Harness harness(
      {.listener = "trusted_proxies = [\"10.0.0.0/8\"]\nproxy_protocol = \"required\""});
  EXPECT_EQ(harness.Story(), "drop client, timer");
  EXPECT_TRUE(harness.over());
  ExpectEnding(harness, EndSide::kGateway, EndReason::kProxyHeader, 0);
  EXPECT_EQ(harness.counters().proxy_headers_refused.value(), 1U);
}

TEST(ProxyHeaderIn, ThatIsBadOrMissingClosesWithoutAWord) {
  const std::string v2 = V2();
  for (const std::string& bytes : {std::string(kRequest), std::string("PROXY TCP4 a b c d\r\n"),
                                   v2.substr(0, 12) + '\x31' + v2.substr(13)}) {
    Harness whole(kRequired);
    whole.FromClient(bytes);
    EXPECT_EQ(whole.Story(), "drop client, timer");
    ExpectEnding(whole, EndSide::kGateway, EndReason::kProxyHeader, 0);
    EXPECT_EQ(whole.ToClient(), "");
    EXPECT_EQ(whole.counters().proxy_headers_refused.value(), 1U);
    Harness cut(kRequired);
    for (size_t i = 0; i < bytes.size() && !cut.over(); ++i) cut.FromClient(bytes.substr(i, 1));
    ExpectEnding(cut, EndSide::kGateway, EndReason::kProxyHeader, 0);
    EXPECT_EQ(cut.leased(BufferClass::kChunk), 0U);
  }
}

TEST(ProxyHeaderIn, ThatNeverComesIsWaitedForAsLongAsAHead) {
  for (const size_t bytes : {size_t{0}, size_t{10}}) {
    Harness harness(kRequired);
    if (bytes > 0) harness.FromClient(kV1.substr(0, bytes));
    EXPECT_EQ(harness.due_ns(), harness.now_ns() + 10 * kSecond);
    harness.WaitUntilDue();
    EXPECT_EQ(harness.Story(), "drop client, timer") << "nobody has asked anything";
    ExpectEnding(harness, EndSide::kGateway, EndReason::kHandshakeTimeout, 0);
    EXPECT_EQ(harness.counters().handshakes_timed_out.value(), 1U);
    EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
  }
}

TEST(ProxyHeaderIn, WaitsInACellAndInAChunkWhenItOutgrowsThat) {
  // Of 1,000 bytes behind its first 16.
  const std::string front = V2().substr(0, 14) + "\x03\xe8";
  Harness harness(kRequired);
  harness.FromClient(front);
  EXPECT_EQ(harness.leased(BufferClass::kCell), 1U);
  harness.FromClient(std::string(496, '\0'));
  EXPECT_EQ(harness.leased(BufferClass::kCell), 1U);
  harness.FromClient(std::string(1, '\0'));
  EXPECT_EQ(harness.leased(BufferClass::kCell), 0U);
  EXPECT_EQ(harness.held(harness.stores().half_open()), 1U);
}

TEST(ProxyHeaderIn, OfWhichTheNextPieceNeedsAChunkThatIsNotThereIs503) {
  Harness harness(kRequired);
  harness.HoardHeld(harness.stores().half_open(), 0);
  harness.FromClient(V2().substr(0, 14) + "\x03\xe8");
  harness.FromClient(std::string(600, '\0'));
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 503 "));
  ExpectEnding(harness, EndSide::kGateway, EndReason::kPoolExhausted, 503);
}

TEST(ProxyHeaderIn, HasTheRealAddressCounted) {
  Harness harness({.limits = "sessions_per_address = 1", .listener = kListener});
  base::Occupancy::AddressSlot slot = 0;
  ASSERT_EQ(harness.occupancy().EnterAddress(Harness::kClientAddress, 1, &slot),
            base::Admission::kAdmitted)
      << "the proxy's own address is not counted";
  harness.occupancy().LeaveAddress(slot);
  harness.FromClient(std::string(kV1) + std::string(kRequest));
  EXPECT_EQ(harness.state(), State::kDialing);
  EXPECT_EQ(harness.occupancy().EnterAddress(kRealClient, 1, &slot),
            base::Admission::kLimitReached);
  harness.Accept();
  ASSERT_EQ(harness.occupancy().EnterAddress(kRealClient, 1, &slot), base::Admission::kAdmitted)
      << "it has left";
  harness.FromClient(std::string(kV1) + std::string(kRequest));
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 429 "));
  EXPECT_EQ(harness.counters().refused_by_address.value(), 1U);
  ExpectEnding(harness, EndSide::kGateway, EndReason::kRefused, 429);
  harness.occupancy().LeaveAddress(slot);
}

TEST(ProxyHeaderIn, IsReadOnceAConnection) {
  Harness harness(kRequired);
  harness.FromClient(std::string(kV1) + std::string(kWsRequest));
  harness.Dialed();
  harness.FromBackend("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n");
  harness.Below();
  harness.FromClient(kWsRequest);
  EXPECT_EQ(harness.state(), State::kDialing);
  harness.Dialed();
  EXPECT_NE(harness.ToBackend().find("\r\nX-Forwarded-For: 198.51.100.7\r\n"), std::string::npos);
}

TEST(ProxyHeaderOut, ComesFirstInVersion1) {
  for (const std::string_view request : {kRequest, kWsRequest}) {
    Harness harness({.backend = "proxy_protocol = \"v1\"", .websocket = ""});
    harness.FromClient(request);
    EXPECT_TRUE(harness.session().WantsReached(*harness.environment()));
    harness.Dialed(kReached);
    EXPECT_EQ(harness.acts()[0].bytes, "PROXY TCP4 192.0.2.9 203.0.113.1 50000 443\r\n");
    EXPECT_TRUE(harness.ToBackend().starts_with(harness.acts()[0].bytes));
    EXPECT_EQ(harness.leased(BufferClass::kCell), 0U);
  }
}

TEST(ProxyHeaderOut, CarriesTheRequestsHostInVersion2) {
  for (const std::string_view request : {kRequest, kWsRequest}) {
    Harness harness({.backend = "proxy_protocol = \"v2\"", .websocket = ""});
    harness.FromClient(std::string(request) + Binary("x"));
    harness.Dialed(kReached);
    const std::string expected = V2(
        {.source = Harness::kClientAddress, .destination = kReached, .authority = "example.org"});
    EXPECT_EQ(harness.acts()[0].bytes, expected);
    EXPECT_TRUE(harness.ToBackend().starts_with(expected));
    const std::string behind = harness.ToBackend().substr(expected.size());
    EXPECT_TRUE(behind == "x" || behind.starts_with("GET /ws")) << behind;
  }
}

TEST(ProxyHeaderOut, TellsTheClientThatAHeaderHasNamed) {
  Harness harness({.backend = "proxy_protocol = \"v1\"", .listener = kListener});
  harness.FromClient(std::string(kV1) + std::string(kRequest));
  harness.Dialed(kReached);
  EXPECT_EQ(harness.ToBackend(), kV1);
}

TEST(ProxyHeaderOut, IsSentAgainWithTheNextRequest) {
  Harness harness({.backend = "proxy_protocol = \"v1\"", .websocket = ""});
  for (int i = 0; i < 2; ++i) {
    harness.FromClient(kWsRequest);
    harness.Dialed(kReached);
    EXPECT_TRUE(harness.ToBackend().starts_with("PROXY TCP4 192.0.2.9 ")) << i;
    harness.FromBackend("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n");
    harness.Below();
  }
}

TEST(ProxyHeaderOut, WithoutABufferIs503) {
  Harness harness({.backend = "proxy_protocol = \"v1\""});
  harness.FromClient(kRequest);  // its 101 lies in the session's own cell
  harness.HoardCells();
  harness.Hoard(BufferClass::kChunk, 0);
  harness.Dialed(kReached);
  EXPECT_EQ(harness.ToBackend(), "");
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 503 "));
  ExpectEnding(harness, EndSide::kGateway, EndReason::kPoolExhausted, 503);
  EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
}

TEST(ProxyHeaderOut, IsNotAskedForWhereTheBackendWantsNone) {
  Harness harness;
  harness.FromClient(kRequest);
  EXPECT_FALSE(harness.session().WantsReached(*harness.environment()));
}

}  // namespace
}  // namespace ringway::session
