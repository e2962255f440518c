// SPDX-License-Identifier: Apache-2.0
//
// What a backend's answer is read as, and which answers are not read at all.
#include "gateway/http/backend_response.h"

#include <gtest/gtest.h>

#include <vector>

#include "gateway/http/backend_refusals.h"
#include "gateway/http/response_head.h"
#include "tests/unit/http/response_text.h"

namespace ringway::http {
namespace {

TEST(BackendResponse, ReadsEveryFieldOfASwitching) {
  const std::string text = SwitchingAnswer(
      {"Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Extensions: permessage-deflate"});
  const ResponseHead head = ParseGoodAnswer(text + "\x81\x01x");
  EXPECT_EQ(head.status, 101);
  EXPECT_EQ(head.reason, "Switching Protocols");
  EXPECT_EQ(head.version_minor, 1);
  EXPECT_EQ(head.framing, BodyFraming::kNone);
  EXPECT_TRUE(head.connection_upgrade);
  EXPECT_TRUE(head.upgrade_to_websocket);
  EXPECT_EQ(head.websocket_accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(head.websocket_accept_count, 1u);
  ASSERT_EQ(head.subprotocols.count, 1u);
  EXPECT_EQ(head.subprotocols.values[0], "chat");
  ASSERT_EQ(head.extensions.count, 1u);
  EXPECT_EQ(head.extensions.values[0], "permessage-deflate");
  EXPECT_EQ(head.head_bytes, text.size());
  EXPECT_FALSE(head.IsInterim());
}

TEST(BackendResponse, TellsInterimAnswers) {
  EXPECT_TRUE(ParseGoodAnswer(Answer("100 Continue")).IsInterim());
  EXPECT_TRUE(ParseGoodAnswer(Answer("103 Early Hints", {"Link: </a>"})).IsInterim());
  EXPECT_FALSE(ParseGoodAnswer(Answer("200 OK")).IsInterim());
}

TEST(BackendResponse, ReadsAnyStatusFrom100AndAnyReason) {
  EXPECT_EQ(ParseGoodAnswer(Answer("999 \xc3\xa4 \t!")).reason, "\xc3\xa4 \t!");
  EXPECT_EQ(ParseGoodAnswer(Answer("999 x")).status, 999);
  EXPECT_EQ(ParseGoodAnswer(Answer("204 ")).reason, "");
}

TEST(BackendResponse, NeedsNoReasonAndNoSpaceForIt) {
  for (const std::string_view line : {"HTTP/1.1 204", "HTTP/1.1 204 ", "HTTP/1.1   204"}) {
    const ResponseHead head = ParseGoodAnswer(std::string(line) + "\r\nA: b\r\n\r\n");
    EXPECT_EQ(head.status, 204) << line;
    EXPECT_EQ(head.reason, "") << line;
  }
  const ResponseHead head = ParseGoodAnswer("HTTP/1.0  404  Not  Here \r\n\r\n");
  EXPECT_EQ(head.status, 404);
  EXPECT_EQ(head.version_minor, 0);
  EXPECT_EQ(head.reason, " Not  Here ");
}

TEST(BackendResponse, TakesLineFeedsAloneWhereEveryLineEndsSo) {
  const std::string text = "HTTP/1.1 200 OK\nContent-Length: 5 \nConnection: close\n\n";
  const ResponseHead head = ParseGoodAnswer(text + "\r\n\r\nx");
  EXPECT_EQ(head.reason, "OK");
  EXPECT_EQ(head.body_bytes, 5u);
  EXPECT_FALSE(head.keep_alive);
  EXPECT_EQ(head.head_bytes, text.size());
  EXPECT_EQ(ParseGoodAnswer("HTTP/1.1 204\n\n").status, 204);
}

TEST(BackendResponse, PassesOverWhatIsNoConnectionOption) {
  const ResponseHead head = ParseGoodAnswer(
      Answer("426 x", {"Connection: timeout=5, a b, upgrade", "Content-Length: 0"}));
  EXPECT_TRUE(head.connection_upgrade);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(ParseGoodAnswer(Answer("101 x", {"Connection: upgrade x"})).connection_upgrade);
}

struct FramingCase {
  std::string text;
  BodyFraming framing;
  uint64_t body_bytes;
  bool keep_alive;
};

TEST(BackendResponse, FramesTheBody) {
  const std::vector<FramingCase> cases = {
      {Answer("200 OK", {"Content-Length: 5"}), BodyFraming::kLength, 5, true},
      {Answer("200 OK", {"Content-Length: 5", "A: b", "content-length: 5 "}), BodyFraming::kLength,
       5, true},
      {Answer("200 OK", {"content-length:\t007 "}), BodyFraming::kLength, 7, true},
      {Answer("503 x", {"Content-Length: 0"}), BodyFraming::kLength, 0, true},
      {Answer("200 x", {"Content-Length: 1152921504606846976"}), BodyFraming::kLength,
       kBodyBytesMax, true},
      {Answer("200 OK", {"Transfer-Encoding: chunked"}), BodyFraming::kChunked, 0, true},
      {Answer("200 OK", {"transfer-encoding: Chunked", "Connection: close"}), BodyFraming::kChunked,
       0, false},
      {Answer("200 OK"), BodyFraming::kUntilClose, 0, false},
      {Answer("200 OK", {"Content-Length: 5", "Connection: x, Close"}), BodyFraming::kLength, 5,
       false},
      {Answer("100 x", {"Content-Length: 5"}), BodyFraming::kNone, 5, true},
      {Answer("101 x", {"Transfer-Encoding: chunked"}), BodyFraming::kNone, 0, true},
      {Answer("204 x", {"Content-Length: 5"}), BodyFraming::kNone, 5, true},
      {Answer("304 x", {"Content-Length: 5"}), BodyFraming::kNone, 5, true},
      {Answer("304 x"), BodyFraming::kNone, 0, true},
      {"HTTP/1.0 200 OK\r\n\r\n", BodyFraming::kUntilClose, 0, false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n", BodyFraming::kLength, 3, false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n",
       BodyFraming::kLength, 3, true},
  };
  for (const FramingCase& one : cases) {
    const ResponseHead head = ParseGoodAnswer(one.text);
    EXPECT_EQ(head.framing, one.framing) << one.text;
    EXPECT_EQ(head.body_bytes, one.body_bytes) << one.text;
    EXPECT_EQ(head.keep_alive, one.keep_alive) << one.text;
  }
}

struct RefusedCase {
  std::string text;
  Refusal expected;
};

std::vector<RefusedCase> LineCases() {
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (size_t i = 0; i <= kHeaderFieldsMax; ++i) many += "A: b\r\n";
  return {
      {"HTTP/2.0 200 OK\r\n\r\n", kBackendVersion},
      {"HTTP/1.2 200 OK\r\n\r\n", kBackendVersion},
      {"http/1.1 200 OK\r\n\r\n", kBackendStatusLine},
      {"HTTP/1.1\t200 OK\r\n\r\n", kBackendStatusLine},
      {"HTTP/1.1200 OK\r\n\r\n", kBackendStatusLine},
      {"HTTP/1.1 \r\n\r\n", kBackendStatusLine},
      {"HTTP/1.1 20 OK\r\n\r\n", kBackendStatusLine},
      {"HTTP/1.1 2000 OK\r\n\r\n", kBackendStatusLine},
      {"HTTP/1.1 099 OK\r\n\r\n", kBackendStatusLine},
      {"HTTP/1.1 200\tOK\r\n\r\n", kBackendStatusLine},
      {"HTTP/1.1 20\r\n\r\n", kBackendStatusLine},
      {"HTTP/1.1  099\r\n\r\n", kBackendStatusLine},
      {"HTTP/1.1 200\rx", kBackendCarriageReturn},
      {"SSH-2.0-x\r\n", kBackendStatusLine},
      {"\r\nHTTP/1.1 200 OK\r\n\r\n", kBackendStatusLine},
      {"HTTP/1.1 200 OK\n\r\n", kBackendCarriageReturn},
      {"HTTP/1.1 200 OK\nA: b\r\n\n", kBackendCarriageReturn},
      {"HTTP/1.1 200 OK\nA: b\n\r\n", kBackendCarriageReturn},
      {"HTTP/1.1 200\nA: b\n c\n\n", kBackendFoldedLine},
      {"HTTP/1.1 200\nA\n\n", kBackendWithoutColon},
      {"HTTP/1.1 200\nA: \x01", kBackendControlByte},
      {"HTTP/1.1 200 OK\r\n\n", kBackendLineFeed},
      {"\n", kBackendLineFeed},
      {std::string("HTTP/1.1 200 \0\r\n\r\n", 18), kBackendControlByte},
      {"HTTP/1.1 200 O\rK\r\n\r\n", kBackendCarriageReturn},
      {Answer("200 OK", {"A: b\r\n c"}), kBackendFoldedLine},
      {Answer("200 OK", {"Content-Length : 5"}), kBackendSpaceBeforeColon},
      {Answer("200 OK", {"A"}), kBackendWithoutColon},
      {Answer("200 OK", {"(: b"}), kBackendFieldName},
      {Answer("200 OK", {"A: b\nC: d"}), kBackendLineFeed},
      {Answer("200 OK", {"A: b\rC: d"}), kBackendCarriageReturn},
      {Answer("200 OK", {"A: \x01"}), kBackendControlByte},
      {many, kBackendTooManyFields},
      {"HTTP/1.1 200 " + std::string(kTestHeadBytesMax, 'a'), kBackendHeadTooLong},
  };
}

std::vector<RefusedCase> FramingCases() {
  std::vector<RefusedCase> cases;
  const auto add = [&](std::initializer_list<std::string_view> fields, const Refusal& expected) {
    // Whatever the status is: what is framed in two ways for somebody is relayed to nobody.
    for (const std::string_view status : {"200 OK", "204 x", "304 x", "100 x", "101 x"}) {
      cases.push_back({Answer(status, fields), expected});
    }
  };
  add({"Content-Length: 5", "Transfer-Encoding: chunked"}, kBackendLengthAndCoding);
  add({"Transfer-Encoding: chunked", "Content-Length: 5"}, kBackendLengthAndCoding);
  add({"Transfer-Encoding: gzip", "Content-Length: 5"}, kBackendLengthAndCoding);
  add({"Content-Length: 5", "Content-Length: 6"}, kBackendLengthsDiffer);
  add({"Content-Length: 5", "Content-Length: 05"}, kBackendLengthsDiffer);
  add({"Content-Length: 5", "Content-Length:"}, kBackendLengthsDiffer);
  add({"Content-Length: 5", "Content-Length: 5", "Content-Length: 6"}, kBackendLengthsDiffer);
  add({"Content-Length: +5", "Content-Length: +5"}, kBackendLength);
  add({"Content-Length: 5", "Content-Length: 5", "Transfer-Encoding: chunked"},
      kBackendLengthAndCoding);
  for (const std::string_view length :
       {"5, 5", "5,", "+5", "-5", "0x5", "5 5", "", "five", "1152921504606846977",
        "18446744073709551616", "5\xc2\xa0"}) {
    add({"Content-Length: " + std::string(length)}, kBackendLength);
  }
  for (const std::string_view coding :
       {"gzip", "gzip, chunked", "chunked, gzip", "chunked, chunked", "chunked,", "xchunked", "",
        "chunked;q=1", "\"chunked\"", "identity"}) {
    add({"Transfer-Encoding: " + std::string(coding)}, kBackendCoding);
  }
  add({"Transfer-Encoding: chunked", "Transfer-Encoding: chunked"}, kBackendCoding);
  add({"Transfer-Encoding: gzip", "Transfer-Encoding: chunked"}, kBackendCoding);
  cases.push_back({"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", kBackendCoding});
  return cases;
}

TEST(BackendResponse, RefusesWhatHasTwoReadings) {
  for (const auto& cases : {LineCases(), FramingCases()}) {
    for (const RefusedCase& one : cases) {
      const Refusal refusal = ParseBadAnswer(one.text);
      EXPECT_EQ(refusal.reason, one.expected.reason) << one.text.substr(0, 80);
      EXPECT_EQ(refusal.status, Status::kBadGateway) << one.text.substr(0, 80);
    }
  }
}

TEST(BackendResponse, IsRefusedOnceForAllFromTheByteThatShowsIt) {
  for (const RefusedCase& one : LineCases()) {
    bool refused = false;
    const size_t step = one.text.size() > 2000 ? 97 : 1;
    for (size_t bytes = 0; bytes <= one.text.size(); bytes += step) {
      ResponseHead head;
      Refusal refusal;
      const HeadResult result = ParseResponseHead(std::string_view(one.text).substr(0, bytes),
                                                  kTestHeadBytesMax, &head, &refusal);
      ASSERT_NE(result, HeadResult::kWhole) << one.text;
      ASSERT_FALSE(refused && result == HeadResult::kNeedMore) << one.text << " at " << bytes;
      refused = result == HeadResult::kRefused;
      ASSERT_TRUE(!refused || refusal == one.expected) << one.text << " at " << bytes;
    }
  }
}

TEST(BackendResponse, IsNeverWholeBeforeItsBlankLine) {
  const std::string text = Answer("200 OK", {"Content-Length: 5", "A: b"});
  for (size_t bytes = 0; bytes < text.size(); ++bytes) {
    ResponseHead head;
    Refusal refusal;
    ASSERT_EQ(ParseResponseHead(std::string_view(text).substr(0, bytes), kTestHeadBytesMax, &head,
                                &refusal),
              HeadResult::kNeedMore)
        << bytes;
  }
}

TEST(BackendResponse, TakesUpgradeOnlyForWebSocketAlone) {
  const auto upgrades = [](std::initializer_list<std::string_view> fields) {
    return ParseGoodAnswer(Answer("101 x", fields)).upgrade_to_websocket;
  };
  EXPECT_TRUE(upgrades({"Upgrade: WebSocket"}));
  EXPECT_FALSE(upgrades({}));
  EXPECT_FALSE(upgrades({"Upgrade: websocket, h2c"}));
  EXPECT_FALSE(upgrades({"Upgrade: websocket", "Upgrade: h2c"}));
  EXPECT_TRUE(upgrades({"Upgrade: websocket", "Upgrade: WebSocket"}));
  EXPECT_FALSE(upgrades({"Upgrade: h2c"}));
  EXPECT_FALSE(upgrades({"Upgrade: websocket/13"}));
}

TEST(BackendRefusals, AreShortLinesThatFit) {
  for (const Refusal& refusal : kBackendRefusals) {
    EXPECT_LE(refusal.reason.size(), kReasonBytesMax);
    EXPECT_EQ(refusal.reason.find_first_of("\r\n"), std::string_view::npos);
    std::array<char, kRefusalBytesMax> cell;
    EXPECT_NE(BuildRefusal(refusal, cell), 0u) << refusal.reason;
  }
}

}  // namespace
}  // namespace ringway::http
