// SPDX-License-Identifier: Apache-2.0
//
// What a good head becomes.
#include "gateway/http/request_head.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

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
  EXPECT_EQ(head.path, "/chat");
  EXPECT_FALSE(head.has_query);
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
  EXPECT_EQ(head.path, "/a/b");
  EXPECT_EQ(head.query, "c=d?e");
  EXPECT_TRUE(head.has_query);
}

TEST(RequestHead, TakesTheHostOfAnAbsoluteTargetBeforeThatOfItsField) {
  const RequestHead head = ParseGood(Head({"GET ws://other:80/a HTTP/1.1", "Host: h"}));
  EXPECT_EQ(head.host, "other:80");
  EXPECT_EQ(head.path, "/a");
  const RequestHead bare = ParseGood(Head({"GET http://h?q HTTP/1.1", "Host: h"}));
  EXPECT_EQ(bare.path, "/");
  EXPECT_EQ(bare.query, "q");
}

TEST(RequestHead, KnowsItsMethods) {
  EXPECT_EQ(ParseGood(Head({"GET / HTTP/1.1", "Host: h"})).method, Method::kGet);
  EXPECT_EQ(ParseGood(Head({"HEAD / HTTP/1.1", "Host: h"})).method, Method::kHead);
  for (const std::string name :
       {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "PROPFIND"}) {
    const RequestHead head = ParseGood(Head({name + " / HTTP/1.1", "Host: h"}));
    EXPECT_EQ(head.method, Method::kOther);
    EXPECT_EQ(head.method_text, name);
  }
}

TEST(RequestHead, StaysOverHttp10OnlyWhereItIsAskedTo) {
  struct Row {
    std::string_view version;
    std::string_view connection;
    bool keep_alive;
  };
  for (const Row& row : {
           Row{"HTTP/1.0", "X: y", false},
           Row{"HTTP/1.0", "Connection: keep-alive", true},
           Row{"HTTP/1.0", "Connection: x, Keep-Alive", true},
           Row{"HTTP/1.0", "Connection: keep-alive, close", false},
           Row{"HTTP/1.0", "Proxy-Connection: keep-alive", false},
           Row{"HTTP/1.1", "X: y", true},
           Row{"HTTP/1.1", "Connection: close", false},
           Row{"HTTP/1.2", "X: y", true},
           Row{"HTTP/1.9", "Connection: close", false},
       }) {
    const std::string line = "GET / " + std::string(row.version);
    const RequestHead head = ParseGood(Head({line, "Host: h", row.connection}));
    EXPECT_EQ(head.keep_alive, row.keep_alive) << row.version << " " << row.connection;
    EXPECT_EQ(head.minor_version, line.back() - '0');
  }
  EXPECT_FALSE(ParseGood(Head({"POST / HTTP/1.0", "Connection: keep-alive", "Content-Length: 5"}))
                   .keep_alive);
}

TEST(RequestHead, NeedsNoHostOverHttp10) {
  const RequestHead head = ParseGood(Head({"GET /a?b HTTP/1.0"}));
  EXPECT_EQ(head.host, "");
  EXPECT_EQ(head.path, "/a");
  EXPECT_EQ(ParseGood(Head({"GET / HTTP/1.0", "Host: h"})).host, "h");
}

TEST(RequestHead, OfALaterVersionIsReadAsOfHttp11AndViewsWhatCame) {
  const std::string text = "\r\n" + Head({"GET http://h/a?b HTTP/1.2", "Host: h",
                                          "Range: bytes=0-1", "Accept-Encoding:"});
  RequestHead head;
  Refusal refusal;
  ASSERT_EQ(ParseRequestHead(text, kTestHeadBytesMax, &head, &refusal), HeadResult::kWhole);
  EXPECT_EQ(head.path, "/a");
  EXPECT_EQ(head.query, "b");
  EXPECT_EQ(head.range.value, "bytes=0-1");
  EXPECT_EQ(head.accept_encoding.count, 1U);
  for (const std::string_view part : {head.method_text, head.path, head.host, head.range.value}) {
    EXPECT_GE(part.data(), text.data());
    EXPECT_LE(part.data() + part.size(), text.data() + text.size());
  }
  EXPECT_EQ(head.head_bytes, text.size());
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
  EXPECT_EQ(head.path, "/1");
  EXPECT_EQ(head.head_bytes, first.size());
  EXPECT_EQ(ParseGood(std::string_view(both).substr(head.head_bytes)).path, "/2");
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

// ---- What a request for a file may say

TEST(FileRequestHead, HasNothingOfWhatDidNotCome) {
  const RequestHead head = ParseGood(Head({"GET / HTTP/1.1", "Host: h"}));
  for (const ListFields* list : {&head.accept_encoding, &head.if_match, &head.if_none_match}) {
    EXPECT_EQ(list->count, 0u);
    EXPECT_TRUE(list->Kept().empty());
  }
  for (const SingleField* field :
       {&head.if_modified_since, &head.if_unmodified_since, &head.if_range, &head.range}) {
    EXPECT_EQ(field->count, 0u);
    EXPECT_FALSE(field->Once());
  }
}

TEST(FileRequestHead, HasEachFieldInItsPlace) {
  const RequestHead head =
      ParseGood(Head({"GET / HTTP/1.1", "Host: h", "accept-encoding: gzip", "IF-MATCH:  \"m\"  ",
                      "If-None-Match: \"n\"", "If-Modified-Since: one", "If-Unmodified-Since: two",
                      "If-Range: \"r\"", "Range: bytes=0-1"}));
  ASSERT_EQ(head.accept_encoding.count, 1u);
  EXPECT_EQ(head.accept_encoding.Kept()[0], "gzip");
  ASSERT_EQ(head.if_match.count, 1u);
  EXPECT_EQ(head.if_match.Kept()[0], "\"m\"");
  ASSERT_EQ(head.if_none_match.count, 1u);
  EXPECT_EQ(head.if_none_match.Kept()[0], "\"n\"");
  EXPECT_EQ(head.if_modified_since.Once(), "one");
  EXPECT_EQ(head.if_unmodified_since.Once(), "two");
  EXPECT_EQ(head.if_range.Once(), "\"r\"");
  EXPECT_EQ(head.range.Once(), "bytes=0-1");
}

TEST(FileRequestHead, KeepsTheFirst8OfAListAndCountsAll) {
  for (const char* name : {"Accept-Encoding", "If-Match", "If-None-Match"}) {
    std::string text = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (int i = 0; i < 10; ++i)
      text.append(name).append(": v").append(std::to_string(i)).append("\r\n");
    const RequestHead head = ParseGood(text.append("\r\n"));
    const ListFields& list = name[0] == 'A'   ? head.accept_encoding
                             : name[3] == 'M' ? head.if_match
                                              : head.if_none_match;
    EXPECT_EQ(list.count, 10u);
    ASSERT_EQ(list.Kept().size(), kListFieldsMax);
    EXPECT_EQ(list.Kept().front(), "v0");
    EXPECT_EQ(list.Kept().back(), "v7");
  }
}

TEST(FileRequestHead, TellsAFieldThatCameTwice) {
  for (const char* name : {"If-Modified-Since", "If-Unmodified-Since", "If-Range", "Range"}) {
    std::string text = "GET / HTTP/1.1\r\nHost: h\r\n";
    text.append(name).append(": a\r\n").append(name).append(": a\r\n\r\n");
    const RequestHead head = ParseGood(text);
    const std::array fields{&head.if_modified_since, &head.if_unmodified_since, &head.if_range,
                            &head.range};
    EXPECT_EQ(std::ranges::count(fields, 2u, [](const SingleField* f) { return f->count; }), 1);
    for (const SingleField* field : fields) EXPECT_FALSE(field->Once());
  }
}

}  // namespace
}  // namespace ringway::http
