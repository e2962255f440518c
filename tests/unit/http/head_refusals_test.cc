// SPDX-License-Identifier: Apache-2.0
//
// Every rule that a head can break, with the answer that it gets.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gateway/http/refusals.h"
#include "tests/unit/http/head_text.h"

namespace ringway::http {
namespace {

struct Case {
  const char* what;
  std::string text;
  Refusal expected;
};

std::string WithField(std::string_view field) { return Head({"GET / HTTP/1.1", "Host: h", field}); }

std::string WithFields(size_t count) {
  std::string text = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (size_t field = 1; field < count; ++field) text += "X: y\r\n";
  return text + "\r\n";
}

std::vector<Case> RequestLineCases() {
  const std::string rest = "\r\nHost: h\r\n\r\n";
  return {
      {"a TLS ClientHello", std::string("\x16\x03\x01\x02\x00\x01", 6), kLooksLikeTls},
      {"two empty lines", "\r\n\r\n", kRequestLineMalformed},
      {"bare LF", "GET / HTTP/1.1\nHost: h\r\n\r\n", kBareLineFeed},
      {"bare LF in front", "\nGET / HTTP/1.1" + rest, kBareLineFeed},
      {"bare CR in front", "\rGET / HTTP/1.1" + rest, kBareCarriageReturn},
      {"bare CR", "GET /\rx HTTP/1.1" + rest, kBareCarriageReturn},
      {"bare CR at the end", "GET / HTTP/1.1\rHost: h\r\n\r\n", kBareCarriageReturn},
      {"NUL", std::string("GET /\0 HTTP/1.1", 15) + rest, kControlByte},
      {"DEL", "GET /\x7f HTTP/1.1" + rest, kControlByte},
      {"tab for space", "GET\t/ HTTP/1.1" + rest, kRequestLineMalformed},
      {"high-bit target", "GET /\xc3\xa4 HTTP/1.1" + rest, kRequestLineNotAscii},
      {"high-bit method", "G\xcbT / HTTP/1.1" + rest, kRequestLineNotAscii},
      {"method not a token", "G(T / HTTP/1.1" + rest, kRequestLineMalformed},
      {"no method", " / HTTP/1.1" + rest, kRequestLineMalformed},
      {"two spaces", "GET  / HTTP/1.1" + rest, kRequestLineMalformed},
      {"space in target", "GET /a b HTTP/1.1" + rest, kRequestLineMalformed},
      {"space at the end", "GET / HTTP/1.1 " + rest, kRequestLineMalformed},
      {"HTTP/0.9", "GET /\r\n\r\n", kRequestLineMalformed},
      {"lower case version", "GET / http/1.1" + rest, kRequestLineMalformed},
      {"long version", "GET / HTTP/1.10" + rest, kRequestLineMalformed},
      {"version without a dot", "GET / HTTP/1x1" + rest, kRequestLineMalformed},
      {"no version", "GET / " + rest, kRequestLineMalformed},
      {"HTTP/0.9 with a version", "GET / HTTP/0.9" + rest, kVersionNotSupported},
      {"HTTP/2.0", "GET / HTTP/2.0" + rest, kVersionNotSupported},
      {"HTTP/1.", "GET / HTTP/1." + rest, kRequestLineMalformed},
      {"HTTP/1.x", "GET / HTTP/1.x" + rest, kRequestLineMalformed},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", kVersionNotSupported},
  };
}

std::vector<Case> FieldSyntaxCases() {
  return {
      {"folded line", WithField("A: b\r\n c"), kFoldedLine},
      {"folded by tab", WithField("A: b\r\n\tc"), kFoldedLine},
      {"space before the first field", Head({"GET / HTTP/1.1", " Host: h"}), kFoldedLine},
      {"space before colon", WithField("A : b"), kSpaceBeforeColon},
      {"tab before colon", WithField("A\t: b"), kSpaceBeforeColon},
      {"no colon", WithField("Abc"), kFieldWithoutColon},
      {"no name", WithField(": b"), kFieldNameMalformed},
      {"name not a token", WithField("A(: b"), kFieldNameMalformed},
      {"high-bit name", WithField("\xc3\xa4: b"), kFieldNameMalformed},
      {"NUL in name", WithField(std::string_view("A\0: b", 5)), kControlByte},
      {"NUL in value", WithField(std::string_view("A: b\0", 5)), kControlByte},
      {"last control byte in name", WithField("A\x1f: b"), kControlByte},
      {"escape in value", WithField("A: \x1b[31m"), kControlByte},
      {"DEL in value", WithField("A: \x7f"), kControlByte},
      {"bare CR in value", WithField("A: b\rc"), kBareCarriageReturn},
      {"CR CR LF", WithField("A: b\r"), kBareCarriageReturn},
      {"bare CR in name", WithField("A\rb: c"), kBareCarriageReturn},
      {"bare LF in value", WithField("A: b\nC: d"), kBareLineFeed},
      {"bare LF in name", WithField("A\nC: d"), kBareLineFeed},
      {"bare LF as blank line", "GET / HTTP/1.1\r\nHost: h\r\n\nX", kBareLineFeed},
      {"bare CR as blank line", "GET / HTTP/1.1\r\nHost: h\r\n\rX", kBareCarriageReturn},
      {"101 fields", WithFields(kHeaderFieldsMax + 1), kTooManyFields},
      {"too long", "GET /" + std::string(kTestHeadBytesMax, 'a'), kHeadTooLong},
  };
}

std::vector<Case> FieldMeaningCases() {
  return {
      {"a method that nobody knows", Head({"BREW / HTTP/1.1", "Host: h"}), kMethodUnknown},
      {"a method in lower case", Head({"get / HTTP/1.1", "Host: h"}), kMethodUnknown},
      {"an unknown method with a body", Head({"BREW / HTTP/1.1", "Host: h", "Content-Length: 5"}),
       kMethodUnknown},
      {"no Host", Head({"GET / HTTP/1.1"}), kHostMissing},
      {"no Host over HTTP/1.2", Head({"GET / HTTP/1.2"}), kHostMissing},
      {"two Hosts over HTTP/1.0", Head({"GET / HTTP/1.0", "Host: h", "Host: h"}), kHostRepeated},
      {"empty Host over HTTP/1.0", Head({"GET / HTTP/1.0", "Host:"}), kHostMalformed},
      {"chunked over HTTP/1.0", Head({"GET / HTTP/1.0", "Transfer-Encoding: chunked"}),
       kTransferEncoding},
      {"body over HTTP/1.2", Head({"GET / HTTP/1.2", "Host: h", "Content-Length: 5"}),
       kBodyNotAccepted},
      {"two Hosts", WithField("Host: h"), kHostRepeated},
      {"empty Host", Head({"GET / HTTP/1.1", "Host:"}), kHostMalformed},
      {"Host with user", Head({"GET / HTTP/1.1", "Host: u@h"}), kHostMalformed},
      {"two Origins", WithField("Origin: a\r\nOrigin: a"), kOriginRepeated},
      {"Connection not a list", WithField("Connection: a b"), kConnectionMalformed},
      {"two equal lengths", WithField("Content-Length: 0\r\nContent-Length: 0"),
       kContentLengthRepeated},
      {"two other lengths", WithField("Content-Length: 0\r\nContent-Length: 1"),
       kContentLengthMalformed},
      {"list of lengths", WithField("Content-Length: 5, 5"), kContentLengthMalformed},
      {"length with comma", WithField("Content-Length: 0,"), kContentLengthMalformed},
      {"negative length", WithField("Content-Length: -1"), kContentLengthMalformed},
      {"signed length", WithField("Content-Length: +1"), kContentLengthMalformed},
      {"hexadecimal length", WithField("Content-Length: 0x1"), kContentLengthMalformed},
      {"empty length", WithField("Content-Length:"), kContentLengthMalformed},
      {"length over 64 bits", WithField("Content-Length: 18446744073709551616"),
       kContentLengthMalformed},
      {"length behind chunked", WithField("Transfer-Encoding: chunked\r\nContent-Length: 5"),
       kContentLengthMalformed},
      {"chunked behind length", WithField("Content-Length: 5\r\nTransfer-Encoding: chunked"),
       kTransferEncoding},
      {"chunked", WithField("Transfer-Encoding: chunked"), kTransferEncoding},
      {"unknown coding", WithField("Transfer-Encoding: gzip"), kTransferEncoding},
      {"length beside gzip", WithField("Transfer-Encoding: gzip\r\nContent-Length: 5"),
       kTransferEncoding},
      {"body of a GET", WithField("Content-Length: 5"), kBodyNotAccepted},
      {"body of a HEAD", Head({"HEAD / HTTP/1.1", "Host: h", "Content-Length: 1"}),
       kBodyNotAccepted},
      {"body over Beast's limit", WithField("Content-Length: 99999999"), kBodyNotAccepted},
      {"body of an upgrade", UpgradeHead({"Content-Length: 5"}), kBodyNotAccepted},
      {"asterisk", Head({"OPTIONS * HTTP/1.1", "Host: h"}), kTargetForm},
      {"authority", Head({"CONNECT h:443 HTTP/1.1", "Host: h:443"}), kTargetForm},
      {"relative target", Head({"GET a HTTP/1.1", "Host: h"}), kTargetForm},
      {"fragment", Head({"GET /a#b HTTP/1.1", "Host: h"}), kTargetFragment},
      {"a user in the target", Head({"GET http://u@h/ HTTP/1.1", "Host: h"}), kTargetHostMalformed},
  };
}

void ExpectRefused(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    const Refusal refusal = ParseBad(one.text);
    EXPECT_EQ(refusal.status, one.expected.status) << one.what;
    EXPECT_EQ(refusal.reason, one.expected.reason) << one.what;
  }
}

TEST(HeadRefusals, NameWhatIsWrongInTheRequestLine) { ExpectRefused(RequestLineCases()); }
TEST(HeadRefusals, NameWhatIsWrongInTheBytesOfFields) { ExpectRefused(FieldSyntaxCases()); }
TEST(HeadRefusals, NameWhatIsWrongInTheMeaningOfFields) { ExpectRefused(FieldMeaningCases()); }

TEST(HeadRefusals, StayTheSameFromTheFirstByteThatShowsThem) {
  for (const auto& cases : {RequestLineCases(), FieldSyntaxCases(), FieldMeaningCases()}) {
    for (const Case& one : cases) {
      bool refused = false;
      // A long prefix in steps: the text of the too long head would cost seconds byte by byte.
      const size_t step = one.text.size() > 2000 ? 97 : 1;
      for (size_t bytes = 0; bytes <= one.text.size(); bytes += step) {
        RequestHead head;
        Refusal refusal;
        const HeadResult result = ParseRequestHead(std::string_view(one.text).substr(0, bytes),
                                                   kTestHeadBytesMax, &head, &refusal);
        ASSERT_NE(result, HeadResult::kWhole) << one.what;
        ASSERT_FALSE(refused && result == HeadResult::kNeedMore) << one.what << " at " << bytes;
        refused = result == HeadResult::kRefused;
        ASSERT_TRUE(!refused || refusal == one.expected) << one.what << " at " << bytes;
      }
    }
  }
}

TEST(HeadRefusals, OfALaterVersionBoundWhatIsCopied) {
  const std::string begin = "GET / HTTP/1.2\r\nHost: h\r\nLong: ";
  const auto parse = [&begin](size_t bytes) {
    const std::string text = begin + std::string(bytes - begin.size() - 4, 'x') + "\r\n\r\n";
    RequestHead head;
    Refusal refusal;
    const HeadResult result = ParseRequestHead(text, 2 * kTestHeadBytesMax, &head, &refusal);
    EXPECT_TRUE(result == HeadResult::kWhole || refusal == kHeadTooLong);
    return result;
  };
  EXPECT_EQ(parse(kTestHeadBytesMax), HeadResult::kWhole);
  EXPECT_EQ(parse(kTestHeadBytesMax + 1), HeadResult::kRefused);
}

TEST(HeadRefusals, ComeBeforeTheHeadIsWhole) {
  EXPECT_EQ(ParseBad("\x16"), kLooksLikeTls);
  EXPECT_EQ(ParseBad("GET / HTTP/2.0\r\n"), kVersionNotSupported);
  EXPECT_EQ(ParseBad("GET / HTTP/1.1\r\nA "), kSpaceBeforeColon);
  EXPECT_EQ(ParseBad("GET / HTTP/1.1\r\nA: \n"), kBareLineFeed);
}

TEST(HeadRefusals, ArePickedFromTheLeft) {
  EXPECT_EQ(ParseBad("GET / HTTP/2.0\r\nA : b\n"), kVersionNotSupported);
  EXPECT_EQ(ParseBad("GET / HTTP/1.1\r\nA : b\n"), kSpaceBeforeColon);
}

}  // namespace
}  // namespace ringway::http
