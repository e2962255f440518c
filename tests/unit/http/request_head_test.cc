// SPDX-License-Identifier: Apache-2.0
//
// What a good head becomes.
#include "gateway/http/request_head.h"

#include <gtest/gtest.h>

#include "tests/unit/http/head_text.h"

namespace ringway::http {
namespace {

TEST(RequestHead, ReadsEveryFieldOfAnOpeningHandshake) {
  const std::string text =
      UpgradeHead({"Origin: https://example.com", "Sec-WebSocket-Protocol: chat, superchat",
                   "Sec-WebSocket-Extensions: permessage-deflate", "User-Agent: a client"});
  const RequestHead head = ParseGood(text);
  EXPECT_EQ(head.method, Method::kGet);
  EXPECT_EQ(head.method_text, "GET");
  EXPECT_EQ(head.target, "/chat");
  EXPECT_EQ(head.host, "server.example.com");
  EXPECT_TRUE(head.has_origin);
  EXPECT_EQ(head.origin, "https://example.com");
  EXPECT_EQ(head.user_agent, "a client");
  EXPECT_TRUE(head.connection_upgrade);
  EXPECT_TRUE(head.upgrade_to_websocket);
  EXPECT_EQ(head.websocket_key, "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_EQ(head.websocket_version, "13");
  ASSERT_EQ(head.subprotocols.count, 1u);
  EXPECT_EQ(head.subprotocols.values[0], "chat, superchat");
  ASSERT_EQ(head.extensions.count, 1u);
  EXPECT_EQ(head.extensions.values[0], "permessage-deflate");
  EXPECT_EQ(head.head_bytes, text.size());
}

TEST(RequestHead, SplitsTheTargetAtItsFirstQuestionMark) {
  const RequestHead head = ParseGood(Head({"GET /a/b?c=d?e HTTP/1.1", "Host: h"}));
  EXPECT_EQ(head.target, "/a/b?c=d?e");
  EXPECT_EQ(head.path, "/a/b");
  EXPECT_EQ(head.query, "c=d?e");
}

TEST(RequestHead, KnowsItsMethods) {
  EXPECT_EQ(ParseGood(Head({"GET / HTTP/1.1", "Host: h"})).method, Method::kGet);
  EXPECT_EQ(ParseGood(Head({"HEAD / HTTP/1.1", "Host: h"})).method, Method::kHead);
  const std::string brew = Head({"BREW / HTTP/1.1", "Host: h"});
  EXPECT_EQ(ParseGood(brew).method, Method::kOther);
  EXPECT_EQ(ParseGood(brew).method_text, "BREW");
  // Methods are case-sensitive (RFC 9110 9.1).
  EXPECT_EQ(ParseGood(Head({"get / HTTP/1.1", "Host: h"})).method, Method::kOther);
}

TEST(RequestHead, ReadsFieldNamesInAnyCaseAndTrimsValues) {
  const RequestHead head = ParseGood(Head(
      {"GET / HTTP/1.1", "hOsT: \t example.com:80 \t", "USER-AGENT:x", "oRIGIN:", "X-Empty:"}));
  EXPECT_EQ(head.host, "example.com:80");
  EXPECT_EQ(head.user_agent, "x");
  EXPECT_TRUE(head.has_origin);
  EXPECT_EQ(head.origin, "");
}

TEST(RequestHead, TellsAnAbsentOrigin) {
  EXPECT_FALSE(ParseGood(Head({"GET / HTTP/1.1", "Host: h"})).has_origin);
}

TEST(RequestHead, AcceptsTabsAndHighBitBytesInValues) {
  EXPECT_EQ(ParseGood(Head({"GET / HTTP/1.1", "Host: h", "User-Agent: a\tb\xc3\xa4"})).user_agent,
            "a\tb\xc3\xa4");
}

TEST(RequestHead, LeavesPipelinedBytesToTheCaller) {
  const std::string first = Head({"GET /1 HTTP/1.1", "Host: h"});
  const std::string both = first + Head({"GET /2 HTTP/1.1", "Host: h"});
  const RequestHead head = ParseGood(both);
  EXPECT_EQ(head.target, "/1");
  EXPECT_EQ(head.head_bytes, first.size());
  EXPECT_EQ(ParseGood(std::string_view(both).substr(head.head_bytes)).target, "/2");
}

TEST(RequestHead, DoesNotLookAtBytesBehindTheHead) {
  const std::string text = Head({"GET / HTTP/1.1", "Host: h"}) + std::string("\0\n\r\x16", 4);
  EXPECT_EQ(ParseGood(text).head_bytes, text.size() - 4);
}

TEST(RequestHead, SkipsOneEmptyLineInFront) {
  const std::string text = "\r\n" + Head({"GET / HTTP/1.1", "Host: h"});
  EXPECT_EQ(ParseGood(text).head_bytes, text.size());
}

TEST(RequestHead, KeepsAliveUnlessToldOtherwise) {
  EXPECT_TRUE(ParseGood(Head({"GET / HTTP/1.1", "Host: h"})).keep_alive);
  EXPECT_TRUE(ParseGood(Head({"GET / HTTP/1.1", "Host: h", "Connection: keep-alive"})).keep_alive);
  EXPECT_FALSE(ParseGood(Head({"GET / HTTP/1.1", "Host: h", "Connection: x, CLOSE"})).keep_alive);
  EXPECT_FALSE(
      ParseGood(Head({"GET / HTTP/1.1", "Host: h", "Connection: close", "Connection: keep-alive"}))
          .keep_alive);
}

TEST(RequestHead, ReadsContentLengthZeroAsNoBody) {
  for (const char* length : {"Content-Length: 0", "Content-Length: 000"}) {
    const RequestHead head = ParseGood(Head({"GET / HTTP/1.1", "Host: h", length}));
    EXPECT_FALSE(head.has_body);
    EXPECT_TRUE(head.keep_alive);
  }
}

TEST(RequestHead, MarksTheBodyOfOtherMethodsAndEndsTheConnectionAfterIt) {
  for (const char* framing : {"Content-Length: 5", "Content-Length: 18446744073709551615",
                              "Transfer-Encoding: chunked"}) {
    const RequestHead head = ParseGood(Head({"POST / HTTP/1.1", "Host: h", framing}));
    EXPECT_TRUE(head.has_body) << framing;
    EXPECT_FALSE(head.keep_alive) << framing;
  }
}

TEST(RequestHead, CountsWhatItDoesNotKeepOfRepeatedLists) {
  std::string text = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (size_t field = 0; field < kListFieldsMax + 1; ++field) {
    text += "Sec-WebSocket-Protocol: p" + std::to_string(field) + "\r\n";
  }
  text += "\r\n";
  const RequestHead head = ParseGood(text);
  EXPECT_EQ(head.subprotocols.count, kListFieldsMax + 1);
  ASSERT_EQ(head.subprotocols.Kept().size(), kListFieldsMax);
  EXPECT_EQ(head.subprotocols.Kept().back(), "p7");
}

TEST(RequestHead, AcceptsAsManyFieldsAsTheBound) {
  std::string text = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (size_t field = 1; field < kHeaderFieldsMax; ++field) text += "X: y\r\n";
  EXPECT_EQ(ParseGood(text + "\r\n").host, "h");
}

TEST(RequestHead, AcceptsAHeadOfExactlyTheLongestLength) {
  const std::string text = Head({"GET / HTTP/1.1", "Host: h"});
  RequestHead head;
  Refusal refusal;
  EXPECT_EQ(ParseRequestHead(text, text.size(), &head, &refusal), HeadResult::kWhole);
  EXPECT_EQ(ParseRequestHead(text, text.size() - 1, &head, &refusal), HeadResult::kRefused);
  EXPECT_EQ(refusal.status, Status::kHeadTooLarge);
}

TEST(RequestHead, AcceptsAValueAsLongAsAHead) {
  const std::string front = "GET / HTTP/1.1\r\nHost: h\r\nUser-Agent: ";
  const std::string value(kTestHeadBytesMax - front.size() - 4, 'v');
  EXPECT_EQ(ParseGood(front + value + "\r\n\r\n").user_agent, value);
}

TEST(RequestHead, WritesNothingWhereItDoesNotSay) {
  RequestHead head;
  head.host = "untouched";
  Refusal refusal{Status::kOk, "untouched"};
  const std::string text = Head({"GET / HTTP/1.1", "Host: h"});
  EXPECT_EQ(ParseRequestHead(text.substr(0, 9), 100, &head, &refusal), HeadResult::kNeedMore);
  EXPECT_EQ(head.host, "untouched");
  EXPECT_EQ(ParseRequestHead(text, 100, &head, &refusal), HeadResult::kWhole);
  EXPECT_EQ(refusal.reason, "untouched");
  head.host = "untouched";
  EXPECT_EQ(ParseRequestHead(Head({"GET / HTTP/1.1"}), 100, &head, &refusal), HeadResult::kRefused);
  EXPECT_EQ(head.host, "untouched");
}

}  // namespace
}  // namespace ringway::http
