// SPDX-License-Identifier: Apache-2.0
//
// Version 1, line by line. That chunking changes nothing is tested in tests/property/proxy.
#include <gtest/gtest.h>

#include <array>

#include "tests/unit/proxy/addresses.h"

namespace ringway::proxy {
namespace {

TEST(ProxyV1, ReadsTheExampleOfTheSpecificationAndLeavesTheRequest) {
  const std::string_view line = "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n";
  const Answer answer = Parse(std::string(line) + "GET / HTTP/1.1\r\n\r\n");
  ASSERT_EQ(answer.result, ParseResult::kWhole) << answer.reason;
  EXPECT_EQ(answer.header.command, Command::kProxy);
  EXPECT_TRUE(answer.header.HasAddresses());
  EXPECT_EQ(answer.header.source, Address("192.168.0.1", 56324));
  EXPECT_EQ(answer.header.destination, Address("192.168.0.11", 443));
  EXPECT_EQ(answer.header.authority, "");
  EXPECT_EQ(answer.header.header_bytes, line.size());
}

TEST(ProxyV1, ReadsIpv6InEveryForm) {
  const std::string_view hosts[] = {"2001:db8::1",
                                    "2001:DB8:0:0:0:0:0:1",
                                    "::",
                                    "::1",
                                    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                                    "::ffff:192.0.2.1"};
  for (const std::string_view host : hosts) {
    const std::string text(host);
    const Answer answer = Parse("PROXY TCP6 " + text + " ::2 0 65535\r\n");
    ASSERT_EQ(answer.result, ParseResult::kWhole) << text << ": " << answer.reason;
    EXPECT_EQ(answer.header.source, Address(text.c_str(), 0)) << text;
    EXPECT_EQ(answer.header.destination, Address("::2", 65535)) << text;
  }
}

TEST(ProxyV1, UnknownCarriesNoAddressesWhateverFollows) {
  const std::string_view lines[] = {"PROXY UNKNOWN\r\n", "PROXY UNKNOWN \r\n",
                                    "PROXY UNKNOWN some words\x01\xff here\r\n",
                                    "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
                                    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"};
  for (const std::string_view line : lines) {
    const Answer answer = Parse(line);
    ASSERT_EQ(answer.result, ParseResult::kWhole) << line << ": " << answer.reason;
    EXPECT_FALSE(answer.header.HasAddresses()) << line;
    EXPECT_EQ(answer.header.header_bytes, line.size());
  }
  EXPECT_EQ(lines[3].size(), kV1BytesMax);
}

TEST(ProxyV1, RefusesOneByteMoreThanTheLongestLine) {
  const std::string start = "PROXY UNKNOWN ";
  const std::string longest = start + std::string(kV1BytesMax - start.size() - 2, 'x');
  EXPECT_EQ(Parse(longest + "\r\n").result, ParseResult::kWhole);
  EXPECT_EQ(Parse(longest + "x").result, ParseResult::kNeedMore);
  const Answer answer = Parse(longest + "x\r");
  EXPECT_EQ(answer.result, ParseResult::kRefused);
  EXPECT_EQ(answer.reason, "PROXY line is longer than 107 bytes");
  EXPECT_EQ(DecidingBytes(longest + "x\r\n"), kV1BytesMax);
}

struct RefusalRow {
  const char* line;
  size_t deciding_bytes;
};

TEST(ProxyV1, RefusesWithTheFirstByteThatCannotStandThere) {
  const RefusalRow rows[] = {
      {"GET / HTTP/1.1\r\n", 1},
      {"\x16\x03\x01", 1},
      {" PROXY", 1},
      {"proxy TCP4", 1},
      {"POST / HTTP/1.1\r\n", 2},
      {"PRI * HTTP/2.0\r\n", 3},
      {"PROXY\tTCP4", 6},
      {"PROXY  TCP4", 7},
      {"PROXY \r\n", 7},
      {"PROXY tcp4", 7},
      {"PROXY TCP5", 10},
      {"PROXY TCP46", 11},
      {"PROXY UNKNOWN2", 14},
      {"PROXY UNKNOWN\n", 14},
      {"PROXY UNKNOWN\rx", 15},
      {"PROXY UNKNOWN a\nb", 16},
      {"PROXY TCP4  1.2.3.4", 12},
      {"PROXY TCP4 1.2.3.4:80 ", 19},
      {"PROXY TCP4 1.2.3.4\r\n", 19},
      {"PROXY TCP4 ::1 ::1 1 2\r\n", 12},
      {"PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n", 17},
      {"PROXY TCP4 1.2.3.4.5 5.6.7.8 1 2\r\n", 21},
      {"PROXY TCP4 1.2.3.256 5.6.7.8 1 2\r\n", 21},
      {"PROXY TCP4 01.2.3.4 5.6.7.8 1 2\r\n", 20},
      {"PROXY TCP4 1111111111111111", 27},
      {"PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n", 19},
      {"PROXY TCP6 ::1%lo ::1 1 2\r\n", 15},
      {"PROXY TCP6 [::1] ::1 1 2\r\n", 12},
      {"PROXY TCP6 1::2::3 ::1 1 2\r\n", 19},
      {"PROXY TCP6 0:0:0:0:0:0:0:0:0 ::1 1 2\r\n", 29},
      {"PROXY TCP4 1.2.3.4 5.6.7.8  1", 28},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 a", 28},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 -1", 28},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 00 ", 29},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 080 ", 29},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 65536 ", 32},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", 29},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n", 31},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n", 31},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\r\n", 32},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 1 \r\n", 30},
  };
  for (const RefusalRow& row : rows) {
    const Answer answer = Parse(row.line);
    EXPECT_EQ(answer.result, ParseResult::kRefused) << row.line;
    EXPECT_FALSE(answer.reason.empty()) << row.line;
    EXPECT_EQ(DecidingBytes(row.line), row.deciding_bytes) << row.line;
  }
}

TEST(ProxyV1, SaysOfAnotherProtocolThatItIsNoHeaderAtAll) {
  for (const std::string_view bytes : {"GET / HTTP/1.1\r\n", "\x16\x03\x01", "\n"}) {
    EXPECT_EQ(Parse(bytes).reason, "connection does not begin with a PROXY header");
  }
}

TEST(ProxyV1, AZeroByteDoesNotHideWhatFollowsIt) {
  const std::string line("PROXY TCP4 1.2.3.4\0 5.6.7.8 1 2\r\n", 33);
  EXPECT_EQ(Parse(line).result, ParseResult::kRefused);
}

TEST(ProxyV1, OnlyAWholeHeaderIsWrittenOut) {
  Header header{.header_bytes = 7};
  std::string_view reason = "untouched";
  EXPECT_EQ(ParseProxyHeader("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r", &header, &reason),
            ParseResult::kNeedMore);
  EXPECT_EQ(ParseProxyHeader("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\rx", &header, &reason),
            ParseResult::kRefused);
  EXPECT_EQ(header.header_bytes, 7u);
  EXPECT_FALSE(header.HasAddresses());
  EXPECT_NE(reason, "untouched");
}

std::string Built(const Header& header) {
  std::array<char, kV1BytesMax> out;
  return {out.data(), BuildProxyV1(header, out)};
}

TEST(BuildProxyV1, WritesTheLine) {
  EXPECT_EQ(Built({.source = Address("192.0.2.1", 56324), .destination = Address("10.0.0.1", 0)}),
            "PROXY TCP4 192.0.2.1 10.0.0.1 56324 0\r\n");
  EXPECT_EQ(Built({.source = Address("2001:db8::1", 1), .destination = Address("::", 65535)}),
            "PROXY TCP6 2001:db8:0:0:0:0:0:1 0:0:0:0:0:0:0:0 1 65535\r\n");
  EXPECT_EQ(Built({}), "PROXY UNKNOWN\r\n");
}

TEST(BuildProxyV1, IsUnknownWhereOneAddressIsMissing) {
  EXPECT_EQ(Built({.source = Address("192.0.2.1", 1)}), "PROXY UNKNOWN\r\n");
  EXPECT_EQ(Built({.destination = Address("::1", 1)}), "PROXY UNKNOWN\r\n");
}

TEST(BuildProxyV1, MappedIpv4IsIpv4AndAMixIsMapped) {
  EXPECT_EQ(Built({.source = Address("::ffff:192.0.2.1", 1),
                   .destination = Address("::ffff:192.0.2.2", 2)}),
            "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n");
  EXPECT_EQ(Built({.source = Address("192.0.2.1", 1), .destination = Address("2001:db8::1", 2)}),
            "PROXY TCP6 0:0:0:0:0:ffff:c000:201 2001:db8:0:0:0:0:0:1 1 2\r\n");
}

TEST(BuildProxyV1, TheLongestLineFitsAndASmallSpanGetsNothing) {
  const Header longest{.source = Address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535),
                       .destination = Address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 65535)};
  const std::string line = Built(longest);
  EXPECT_EQ(line.size(), 104u);
  std::string out(line.size(), 'x');
  EXPECT_EQ(BuildProxyV1(longest, std::span(out).first(line.size() - 1)), 0u);
  EXPECT_EQ(out, std::string(line.size(), 'x'));
  EXPECT_EQ(BuildProxyV1(longest, out), line.size());
  EXPECT_EQ(out, line);
}

}  // namespace
}  // namespace ringway::proxy
