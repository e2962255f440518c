// SPDX-License-Identifier: Apache-2.0
//
// TCP cuts where it likes: a good head is never refused early, and never read in two ways.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/http/head_text.h"

namespace ringway::http {
namespace {

std::vector<std::string> GoodHeads() {
  return {
      Head({"GET / HTTP/1.1", "Host: h"}),
      "\r\n" + Head({"GET / HTTP/1.1", "Host: h"}),
      Head({"GET http://h/a?b HTTP/1.1", "Host: h"}),
      Head({"POST /a HTTP/1.1", "Host: h", "Content-Length: 5"}),
      Head({"GET / HTTP/1.1", "Host: [::1]:80", "A:", "B: \t", "C: \xff\xfe", "D: \t d \t "}),
      UpgradeHead({"Origin: null", "Sec-WebSocket-Protocol: a, b", "Sec-WebSocket-Protocol: c"}),
  };
}

TEST(HeadSplit, AsksForMoreUntilTheLastByteOfAGoodHead) {
  for (const std::string& text : GoodHeads()) {
    for (size_t bytes = 0; bytes < text.size(); ++bytes) {
      // A copy of its own, so that a look beyond the prefix is seen by the sanitizer.
      const std::vector<char> prefix(text.begin(), text.begin() + bytes);
      RequestHead head;
      Refusal refusal;
      ASSERT_EQ(
          ParseRequestHead({prefix.data(), prefix.size()}, kTestHeadBytesMax, &head, &refusal),
          HeadResult::kNeedMore)
          << refusal.reason << " after " << bytes << " of\n"
          << text;
    }
    EXPECT_EQ(ParseGood(text).head_bytes, text.size());
  }
}

TEST(HeadSplit, ReadsTheSameWithMoreBytesBehind) {
  for (const std::string& text : GoodHeads()) {
    const RequestHead alone = ParseGood(text);
    const std::string longer = text + "more\r\n\r\n";
    const RequestHead with_more = ParseGood(longer);
    EXPECT_EQ(with_more.head_bytes, alone.head_bytes);
    EXPECT_EQ(with_more.path, alone.path);
    EXPECT_EQ(with_more.host, alone.host);
  }
}

TEST(HeadSplit, RefusesAHeadWithoutEndAtItsLongestLength) {
  const std::string text = "GET / HTTP/1.1\r\nA: " + std::string(100, 'b');
  RequestHead head;
  Refusal refusal;
  const std::string_view view = text;
  EXPECT_EQ(ParseRequestHead(view.substr(0, 99), 100, &head, &refusal), HeadResult::kNeedMore);
  EXPECT_EQ(ParseRequestHead(view.substr(0, 100), 100, &head, &refusal), HeadResult::kRefused);
  EXPECT_EQ(refusal.status, Status::kHeadTooLarge);
}

}  // namespace
}  // namespace ringway::http
