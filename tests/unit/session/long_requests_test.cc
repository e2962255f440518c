// SPDX-License-Identifier: Apache-2.0
//
// websocket mode, requests of the longest head and of the most fields: what the gateway adds does
// not make them too long.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/unit/session/harness.h"

namespace ringway::session {
namespace {

using base::BufferClass;

/// kWsRequest and one more field, of so many bytes in all.
std::string OfLength(size_t bytes, std::string_view more = {}) {
  std::string request = HeadWith(kWsRequest, std::string(more) + "Long: \r\n");
  return request.insert(request.size() - 4, std::string(bytes - request.size(), 'x'));
}

void AskInPieces(Harness& harness, std::string_view request) {
  for (size_t at = 0; at < request.size(); at += 4096) {
    harness.FromClient(request.substr(at, 4096));
  }
}

TEST(Forwarding, TakesTheLongestHeadInTwoParts) {
  for (const size_t bytes : {16384U - 120, 16384U - 1, 16384U}) {
    SCOPED_TRACE(bytes);
    const std::string label(60, 'b');
    const std::string route = "backend_host = \"" + label + "." + label + "." + label + "\"";
    Harness harness({.websocket = route});
    AskInPieces(harness, OfLength(bytes, "Sec-WebSocket-Protocol: chat\r\n"));
    ASSERT_EQ(harness.Story(), "dial, timer") << harness.ToClient();
    harness.DialFailed("the backend refused the connection", NextServer::kTry);
    harness.Dialed();
    EXPECT_EQ(harness.Story(), "send backend, send backend, timer");
    EXPECT_TRUE(harness.ToBackend().ends_with(";proto=http\r\n\r\n"));
    EXPECT_EQ(harness.ToBackend().find("\r\n\r\n"), harness.ToBackend().size() - 4);
    EXPECT_GT(harness.ToBackend().size(), 16384U);
    harness.FromBackend(HeadWith(kSwitching, "Sec-WebSocket-Protocol: chat\r\n"));
    EXPECT_EQ(harness.state(), State::kOpen) << harness.ToClient();
    EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
    EXPECT_EQ(harness.leased(BufferClass::kCell), 0U);
  }
}

TEST(Forwarding, TakesAsManyFieldsAsTcpModeDoes) {
  std::string fields = "Sec-WebSocket-Protocol: chat\r\n";
  const std::string bare = HeadWith(kWsRequest, fields);
  for (auto lines = std::count(bare.begin(), bare.end(), '\n') - 2; lines < 100; ++lines) {
    fields += "A: b\r\n";
  }
  Harness harness({.websocket = ""});
  harness.FromClient(HeadWith(kWsRequest, fields));
  harness.Dialed();
  ASSERT_EQ(harness.Story(), "send backend, timer") << harness.ToClient();
  harness.FromBackend(HeadWith(kSwitching, "Sec-WebSocket-Protocol: chat\r\n"));
  EXPECT_EQ(harness.state(), State::kOpen) << harness.ToClient();
  harness.Accept();
  harness.FromClient(HeadWith(kWsRequest, fields + "A: b\r\n"));
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 431 ")) << harness.ToClient();
}

TEST(Forwarding, TakesMoreForALongListOfATrustedProxyAndNotMoreThanAChunk) {
  const auto with_hops = [](size_t hops) {
    std::string list = "X-Forwarded-For: 192.0.2.1";
    for (size_t hop = 1; hop < hops; ++hop) list += ",192.0.2.1";
    return OfLength(16384, list + "\r\n");
  };
  Harness harness({.listener = "trusted_proxies = [\"192.0.2.0/24\"]", .websocket = ""});
  AskInPieces(harness, with_hops(100));
  EXPECT_EQ(harness.Story(), "dial, timer") << harness.ToClient();
  EXPECT_EQ(harness.leased(BufferClass::kChunk), 2U);
  harness.Dialed();
  EXPECT_EQ(harness.state(), State::kAnswering);
  harness.Accept();
  AskInPieces(harness, with_hops(1000));
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 431 ")) << harness.ToClient();
  ExpectEnding(harness, EndSide::kGateway, EndReason::kRefused, 431);
  EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
  EXPECT_EQ(harness.leased(BufferClass::kCell), 0U) << "but the refusal's, which has been sent";
}

TEST(Forwarding, KeepsNothingOfTwoPartsWhenTheClientIsRefused) {
  Harness harness({.websocket = ""});
  AskInPieces(harness, OfLength(16384));
  harness.DialFailed("the backend refused the connection");
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 502 ")) << harness.ToClient();
  EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
  EXPECT_EQ(harness.leased(BufferClass::kCell), 0U);
}

}  // namespace
}  // namespace ringway::session
