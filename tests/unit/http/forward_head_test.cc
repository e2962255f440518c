// SPDX-License-Identifier: Apache-2.0
//
// What a backend gets of a good handshake, line by line.
#include "gateway/http/forward_head.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <string>

#include "tests/unit/http/forwarding_text.h"

namespace ringway::http {
namespace {

TEST(ForwardHead, WritesAWholeHandshake) {
  const std::string text =
      UpgradeHead({"Origin: https://example.com", "Sec-WebSocket-Protocol: chat, superchat",
                   "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
                   "Cookie: a=b", "User-Agent: a client"});
  EXPECT_EQ(Forward(text, FromClient()),
            "GET /chat HTTP/1.1\r\n"
            "Host: server.example.com\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: 13\r\n"
            "Origin: https://example.com\r\n"
            "Sec-WebSocket-Protocol: chat, superchat\r\n"
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
            "Cookie: a=b\r\n"
            "User-Agent: a client\r\n"
            "Connection: Upgrade\r\n"
            "Upgrade: websocket\r\n"
            "X-Forwarded-For: 192.0.2.1\r\n"
            "X-Forwarded-Proto: http\r\n"
            "X-Forwarded-Host: server.example.com\r\n"
            "Forwarded: for=192.0.2.1;host=server.example.com;proto=http\r\n"
            "\r\n");
}

TEST(ForwardHead, TellsTheHostOfTheRouteAndKeepsTheClientsBeside) {
  Forwarding forwarding = FromClient();
  forwarding.backend_host = "app.internal:8080";
  const std::string sent = Forward(UpgradeHead(), forwarding);
  EXPECT_EQ(LinesOf(sent, "Host"), LineList{"Host: app.internal:8080"});
  EXPECT_EQ(LinesOf(sent, "X-Forwarded-Host"), LineList{"X-Forwarded-Host: server.example.com"});
  EXPECT_EQ(LinesOf(sent, "Forwarded"),
            LineList{"Forwarded: for=192.0.2.1;host=server.example.com;proto=http"});
}

TEST(ForwardHead, KeepsNamesAndValuesAsSentAndTheirOrder) {
  const std::string sent = Forward(
      UpgradeHead({"x-LOWER:a", "X-Twice: 1", "X-Empty: ", "X-Twice: 2", "X-Wide: \t a \t b \t",
                   "X-High: \xc3\xa4", "X-Quoted: \"a,b\\\"\"", "X_Under.score: c"}),
      FromClient());
  const LineList lines = Lines(sent);
  EXPECT_EQ(LineList(lines.begin() + 4, lines.begin() + 12),
            (LineList{"x-LOWER: a", "X-Twice: 1", "X-Empty:", "X-Twice: 2", "X-Wide: a \t b",
                      "X-High: \xc3\xa4", "X-Quoted: \"a,b\\\"\"", "X_Under.score: c"}));
}

TEST(ForwardHead, MakesTheTargetOriginForm) {
  const auto first_line = [](std::string_view target) {
    const std::string line = "GET " + std::string(target) + " HTTP/1.1";
    return Lines(
        Forward(Head({line, "Host: h", "Upgrade: websocket", "Connection: upgrade",
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"}),
                FromClient()))[0];
  };
  EXPECT_EQ(first_line("/a/../b?c=%20&d"), "GET /a/../b?c=%20&d HTTP/1.1");
  EXPECT_EQ(first_line("http://h/a?b"), "GET /a?b HTTP/1.1");
  EXPECT_EQ(first_line("HTTPS://H"), "GET / HTTP/1.1");
  EXPECT_EQ(first_line("//x/y"), "GET //x/y HTTP/1.1");
}

TEST(ForwardHead, PassesOverAnEmptyLineInFrontAndBytesBehind) {
  const std::string text = UpgradeHead({"Cookie: a=b"});
  const std::string sent = Forward(text, FromClient());
  EXPECT_EQ(Forward("\r\n" + text, FromClient()), sent);
  EXPECT_EQ(Forward(text + "X-Behind: 1\r\n\r\n", FromClient()), sent);
}

TEST(ForwardHead, IsWrittenWholeOrNotAtAll) {
  const std::string text = UpgradeHead({"Cookie: a=b"});
  const size_t whole = Forward(text, FromClient()).size();
  for (size_t room = 0; room < whole; ++room) {
    ASSERT_EQ(Forward(text, FromClient(), room), "") << room;
  }
  EXPECT_EQ(Forward(text, FromClient(), whole).size(), whole);
}

/// A head of exactly so many bytes that says everything as briefly as it may be said.
std::string TightHead(size_t bytes) {
  std::string text =
      "GET /chat HTTP/1.1\r\nHost:h\r\nUpgrade:websocket\r\nConnection:Upgrade\r\n"
      "Sec-WebSocket-Key:dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version:13\r\n"
      "Sec-WebSocket-Protocol:a\r\nSec-WebSocket-Extensions: b\r\nEmpty:\r\n";
  for (size_t field = 9; field < kHeaderFieldsMax - 1; ++field) text += "N:v\r\n";
  text += "Long:";
  return text + std::string(bytes - text.size() - 4, 'x') + "\r\n\r\n";
}

TEST(ForwardHead, FitsInTwoPartsHoweverLongTheHeadIs) {
  Forwarding forwarding = FromClient();
  const std::string host(250, 'b');
  forwarding.backend_host = host;
  const std::string text = TightHead(kChunkBytes);
  EXPECT_EQ(Forward(text, forwarding), "");
  const RequestHead head = ParseGood(text);
  std::string front(kChunkBytes, '?');
  std::string back(512, '?');
  const ForwardedParts parts = BuildForwardedParts(head, text, forwarding, front, back);
  ASSERT_GT(parts.front_bytes, 0U);
  EXPECT_LE(parts.front_bytes + 2, text.size());
  const std::string whole = front.substr(0, parts.front_bytes) + back.substr(0, parts.back_bytes);
  // The same lines as in one part, the Host apart.
  LineList in_one = Lines(Forward(text, forwarding, 2 * kChunkBytes));
  LineList in_two = Lines(whole);
  EXPECT_EQ(in_two.front(), "GET /chat HTTP/1.1");
  for (LineList* lines : {&in_one, &in_two}) {
    for (std::string& line : *lines) {
      if (line.find(": ") != std::string::npos) line.erase(line.find(": ") + 1, 1);
    }
    std::sort(lines->begin(), lines->end());
  }
  EXPECT_EQ(in_two, in_one);
  // What the answer is checked against, from the front alone.
  const RequestHead offer =
      ReadForwardedOffer(std::string_view(front).substr(0, parts.front_bytes + 2));
  EXPECT_EQ(offer.websocket_key, "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_EQ(offer.subprotocols.values[0], "a");
  EXPECT_EQ(offer.extensions.values[0], "b");
}

TEST(ForwardHead, IsWrittenInTwoPartsOrNotAtAll) {
  const std::string text = TightHead(kChunkBytes);
  const RequestHead head = ParseGood(text);
  std::string front(kChunkBytes, '?');
  std::string back(512, '?');
  const size_t back_bytes = BuildForwardedParts(head, text, FromClient(), front, back).back_bytes;
  ASSERT_GT(back_bytes, 0U);
  for (size_t room = 0; room < back_bytes; ++room) {
    const ForwardedParts parts =
        BuildForwardedParts(head, text, FromClient(), front, std::span(back).first(room));
    ASSERT_EQ(parts.front_bytes + parts.back_bytes, 0U) << room;
  }
}

TEST(ForwardHead, OffersWhatTheClientOffersInOneListOrInMany) {
  const RequestHead offer = ReadForwardedOffer(
      Forward(UpgradeHead({"Sec-WebSocket-Protocol: a, b", "sec-websocket-protocol: c",
                           "Sec-WebSocket-Extensions: d"}),
              FromClient()));
  EXPECT_EQ(offer.subprotocols.count, 2U);
  EXPECT_EQ(offer.extensions.count, 1U);
}

TEST(ForwardHead, RefusesMoreConnectionOptionsThanItWillSearch) {
  const auto with_options = [](size_t count) {
    std::string field = "Connection: a";
    for (size_t i = 1; i < count; ++i) field += ", a";
    return Forward(UpgradeHead({field}), FromClient());
  };
  // The handshake has an option of its own.
  EXPECT_NE(with_options(kConnectionOptionsMax - 1), "");
  EXPECT_EQ(with_options(kConnectionOptionsMax), "");
}

}  // namespace
}  // namespace ringway::http
