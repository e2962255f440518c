// SPDX-License-Identifier: Apache-2.0
//
// What the client gets of a backend's answer.
#include "gateway/http/relayed_response.h"

#include <gtest/gtest.h>

#include "gateway/http/forward_head.h"
#include "tests/unit/http/response_text.h"

namespace ringway::http {
namespace {

std::string Relay(std::string_view text, AfterAnswer after = AfterAnswer::kKeepOpen,
                  size_t room = 16 * 1024) {
  ResponseHead head;
  Refusal refusal;
  EXPECT_EQ(ParseResponseHead(text, kTestHeadBytesMax, &head, &refusal), HeadResult::kWhole)
      << refusal.reason;
  std::string out(room, '?');
  out.resize(BuildRelayedResponse(head, text, after, out));
  return out;
}

TEST(RelayedResponse, KeepsASwitchingButForItsHop) {
  EXPECT_EQ(Relay(SwitchingAnswer({"Connection: keep-alive, X-Hop, Sec-WebSocket-Accept",
                                   "X-Hop: 1", "Keep-Alive: timeout=5", "Content-Length: 0",
                                   "Set-Cookie: a=b", "Sec-WebSocket-Protocol: chat"}) +
                  "\x81\x01x"),
            "HTTP/1.1 101 Switching Protocols\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
            "Set-Cookie: a=b\r\n"
            "Sec-WebSocket-Protocol: chat\r\n"
            "Connection: Upgrade\r\n"
            "Upgrade: websocket\r\n"
            "\r\n");
}

TEST(RelayedResponse, KeepsFieldsInTheirOrderAndWritesTheFramingAnew) {
  EXPECT_EQ(Relay(Answer("401 Unauthorized",
                         {"content-length:  007", "WWW-Authenticate: Basic", "Set-Cookie: a",
                          "X-Empty:", "Set-Cookie: b", "Upgrade: websocket", "TE: x",
                          "Proxy-Authenticate: Basic", "Proxy-Connection: close"})),
            "HTTP/1.1 401 Unauthorized\r\n"
            "WWW-Authenticate: Basic\r\n"
            "Set-Cookie: a\r\n"
            "X-Empty:\r\n"
            "Set-Cookie: b\r\n"
            "Content-Length: 7\r\n"
            "Connection: keep-alive\r\n"
            "\r\n");
}

TEST(RelayedResponse, RelaysChunkedAsChunked) {
  EXPECT_EQ(Relay(Answer("503 Busy", {"transfer-encoding:CHUNKED", "Trailer: X"})),
            "HTTP/1.1 503 Busy\r\nTrailer: X\r\nTransfer-Encoding: chunked\r\n"
            "Connection: keep-alive\r\n\r\n");
}

TEST(RelayedResponse, SaysThatTheConnectionEndsWithTheBody) {
  EXPECT_EQ(Relay("HTTP/1.0 200 \r\nA: b\r\n\r\n", AfterAnswer::kClose),
            "HTTP/1.1 200 \r\nA: b\r\nConnection: close\r\n\r\n");
}

TEST(RelayedResponse, IsInOrderWhereTheBackendIsNot) {
  EXPECT_EQ(Relay("HTTP/1.1   200\nConnection: x-hop, timeout=5\nX-Hop: 1\nContent-Length: 3\n"
                  "A:  b\nContent-Length: 3\n\nabc"),
            "HTTP/1.1 200 \r\nA: b\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n");
}

TEST(RelayedResponse, GivesBodilessAnswersNoFraming) {
  EXPECT_EQ(Relay(Answer("204 x", {"Content-Length: 5"})),
            "HTTP/1.1 204 x\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(Relay(Answer("304 x", {"Transfer-Encoding: chunked"})),
            "HTTP/1.1 304 x\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(Relay(Answer("304 x", {"Content-Length: 5"})),
            "HTTP/1.1 304 x\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n");
}

TEST(RelayedResponse, KeepsTheUpgradeOfA426) {
  const std::string answer = Answer("426 x", {"Upgrade: websocket", "Connection: Upgrade, close",
                                              "Sec-WebSocket-Version: 13", "Content-Length: 0"});
  EXPECT_EQ(Relay(answer),
            "HTTP/1.1 426 x\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Content-Length: 0\r\nConnection: upgrade\r\n\r\n");
  EXPECT_TRUE(Relay(answer, AfterAnswer::kClose).ends_with("Connection: upgrade, close\r\n\r\n"));
}

TEST(RelayedResponse, DropsWhatConnectionNames) {
  EXPECT_EQ(Relay(Answer("200 x", {"Connection: x-hop, content-length", "X-HOP: 1",
                                   "Content-Length: 5", "x-hop: 2"})),
            "HTTP/1.1 200 x\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n");
}

TEST(RelayedResponse, IsWrittenWholeOrNotAtAll) {
  const std::string answer = Answer("401 x", {"Content-Length: 7", "A: b"});
  const size_t whole = Relay(answer).size();
  for (size_t room = 0; room < whole; ++room) {
    ASSERT_EQ(Relay(answer, AfterAnswer::kKeepOpen, room), "") << room;
  }
  EXPECT_EQ(Relay(answer, AfterAnswer::kKeepOpen, whole).size(), whole);
}

TEST(RelayedResponse, RefusesMoreConnectionOptionsThanItWillSearch) {
  std::string options = "Connection: a";
  for (size_t i = 1; i < kConnectionOptionsMax; ++i) options += ",a";
  EXPECT_NE(Relay(Answer("204 x", {options})), "");
  options += ",a";
  EXPECT_EQ(Relay(Answer("204 x", {options})), "");
}

}  // namespace
}  // namespace ringway::http
