// SPDX-License-Identifier: Apache-2.0
//
// Version 2, block by block. That chunking changes nothing is tested in tests/property/proxy.
#include <gtest/gtest.h>

#include <array>

#include "tests/unit/proxy/addresses.h"

namespace ringway::proxy {
namespace {

using namespace std::string_literals;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;
const std::string kIpv4Block = "\xc0\x00\x02\x01\x0a\x00\x00\x01\xdc\x04\x01\xbb"s;

std::string Uint16(size_t number) {
  return {static_cast<char>(number >> 8), static_cast<char>(number)};
}

std::string Block(char command, char family, const std::string& block) {
  return kSignature + command + family + Uint16(block.size()) + block;
}

std::string Tlv(char type, const std::string& value) { return type + Uint16(value.size()) + value; }

TEST(ProxyV2, ReadsTcpOverIpv4AndLeavesWhatFollows) {
  const std::string header = Block('\x21', '\x11', kIpv4Block);
  const Answer answer = Parse(header + "GET / HTTP/1.1\r\n");
  ASSERT_EQ(answer.result, ParseResult::kWhole) << answer.reason;
  EXPECT_EQ(answer.header.command, Command::kProxy);
  EXPECT_EQ(answer.header.source, Address("192.0.2.1", 56324));
  EXPECT_EQ(answer.header.destination, Address("10.0.0.1", 443));
  EXPECT_EQ(answer.header.header_bytes, 28u);
}

TEST(ProxyV2, ReadsTcpOverIpv6) {
  const std::string block =
      "\x20\x01\x0d\xb8" + std::string(11, '\0') + "\x01" + std::string(15, '\0') + "\x02\0\1\0\2"s;
  const Answer answer = Parse(Block('\x21', '\x21', block));
  ASSERT_EQ(answer.result, ParseResult::kWhole) << answer.reason;
  EXPECT_EQ(answer.header.source, Address("2001:db8::1", 1));
  EXPECT_EQ(answer.header.destination, Address("::2", 2));
}

TEST(ProxyV2, ALocalConnectionKeepsItsOwnAddressesWhateverTheBlockHolds) {
  const std::string headers[] = {Block('\x20', '\0', ""), Block('\x20', '\x11', kIpv4Block),
                                 Block('\x20', '\xee', "anything"), Block('\x20', '\x11', "short")};
  for (const std::string& header : headers) {
    const Answer answer = Parse(header);
    ASSERT_EQ(answer.result, ParseResult::kWhole) << answer.reason;
    EXPECT_EQ(answer.header.command, Command::kLocal);
    EXPECT_FALSE(answer.header.HasAddresses());
    EXPECT_EQ(answer.header.authority, "");
    EXPECT_EQ(answer.header.header_bytes, header.size());
  }
}

TEST(ProxyV2, FamiliesThatAreNotTcpKeepTheConnectionsOwnAddresses) {
  const std::string authority = Tlv('\x02', "example.com");
  const std::string headers[] = {Block('\x21', '\0', authority),
                                 Block('\x21', '\x12', kIpv4Block + authority),
                                 Block('\x21', '\x22', std::string(36, 'a') + authority),
                                 Block('\x21', '\x31', std::string(216, '/') + authority),
                                 Block('\x21', '\x32', std::string(216, '\0') + authority)};
  for (const std::string& header : headers) {
    const Answer answer = Parse(header);
    ASSERT_EQ(answer.result, ParseResult::kWhole) << answer.reason;
    EXPECT_EQ(answer.header.command, Command::kProxy);
    EXPECT_FALSE(answer.header.HasAddresses());
    EXPECT_EQ(answer.header.authority, "example.com");
  }
}

TEST(ProxyV2, FindsTheAuthorityAmongOtherValues) {
  const std::string tlvs = Tlv('\x01', "http/1.1") + Tlv('\x04', "") +
                           Tlv('\x02',
                               "b\xc3\xbc"
                               "cher.example") +
                           Tlv('\xea', "id\0\xff"s);
  const std::string header = Block('\x21', '\x11', kIpv4Block + tlvs);
  const Answer answer = Parse(header);
  ASSERT_EQ(answer.result, ParseResult::kWhole) << answer.reason;
  EXPECT_EQ(answer.header.authority,
            "b\xc3\xbc"
            "cher.example");
  EXPECT_GE(answer.header.authority.data(), header.data());
  EXPECT_LE(answer.header.authority.data() + answer.header.authority.size(),
            header.data() + header.size());
}

TEST(ProxyV2, VerifiesAChecksum) {
  // CRC-32C, as an independent implementation has computed it over the header with zeros.
  std::string header = Block('\x21', '\x11', kIpv4Block + Tlv('\x03', "\xa4\x54\x06\x56"));
  EXPECT_EQ(Parse(header).result, ParseResult::kWhole) << Parse(header).reason;
  for (size_t i = 16; i < header.size(); ++i) {
    if (i >= 28 && i < 31) continue;  // Type and length of the checksum itself.
    std::string damaged = header;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    const Answer answer = Parse(damaged);
    EXPECT_EQ(answer.result, ParseResult::kRefused) << i;
    EXPECT_EQ(answer.reason, "PROXY header does not have its checksum");
  }
}

TEST(ProxyV2, AChecksumHasFourBytes) {
  const std::string three = Block('\x21', '\x11', kIpv4Block + Tlv('\x03', "abc"));
  EXPECT_EQ(Parse(three).result, ParseResult::kRefused);
  // Right, but for the byte behind it.
  const std::string five = Block('\x21', '\x11',
                                 kIpv4Block + Tlv('\x03',
                                                  "\x12\x1b\x2c\x34"
                                                  "x"));
  EXPECT_EQ(Parse(five).result, ParseResult::kRefused);
}

struct RefusalRow {
  const char* what;
  std::string bytes;
  size_t deciding_bytes;
};

TEST(ProxyV2, RefusesWithTheFirstByteOfTheFixedPartThatCannotStandThere) {
  const RefusalRow rows[] = {
      {"blank line", "\r\nGET / HTTP/1.1\r\n\r\n", 3},
      {"zero is missing", "\r\n\r\n\r\nQUIT\n", 5},
      {"last byte", "\r\n\r\n\0\r\nQUIT\r"s, 12},
      {"version 1", kSignature + '\x11', 13},
      {"version 3", kSignature + '\x31', 13},
      {"command 2", kSignature + '\x22', 13},
      {"family 4", kSignature + "\x21\x41", 14},
      {"transport 3", kSignature + "\x21\x13", 14},
      {"family without transport", kSignature + "\x21\x10", 14},
      {"transport without family", kSignature + "\x21\x01"s, 14},
      {"length 0x1100, one byte", kSignature + "\x21\x11\x11", 15},
      {"length 65535 of LOCAL", kSignature + "\x20\x00\xff"s, 15},
      {"length 4097", kSignature + "\x21\x11\x10\x01", 16},
      {"IPv4 in 11 bytes", kSignature + "\x21\x11\x00\x0b"s, 16},
      {"IPv6 in 35 bytes", kSignature + "\x21\x21\x00\x23"s, 16},
      {"unix in 215 bytes", kSignature + "\x21\x31\x00\xd7"s, 16},
  };
  for (const RefusalRow& row : rows) {
    const Answer answer = Parse(row.bytes);
    EXPECT_EQ(answer.result, ParseResult::kRefused) << row.what;
    EXPECT_FALSE(answer.reason.empty()) << row.what;
    EXPECT_EQ(DecidingBytes(row.bytes), row.deciding_bytes) << row.what;
  }
}

TEST(ProxyV2, RefusesValuesThatDoNotLieInside) {
  const RefusalRow rows[] = {
      {"one byte of a TLV", Block('\x21', '\x11', kIpv4Block + "\x04"), 29},
      {"two bytes of a TLV", Block('\x21', '\x11', kIpv4Block + "\x04\x00"s), 30},
      {"value one byte too long", Block('\x21', '\x11', kIpv4Block + "\x04\x00\x03xx"s), 33},
      {"the second TLV too long", Block('\x21', '\0', Tlv('\x04', "x") + "\x02\xff\xffx"s), 24},
      {"two authorities", Block('\x21', '\0', Tlv('\x02', "a") + Tlv('\x02', "a")), 24},
      {"two, the first empty", Block('\x21', '\0', Tlv('\x02', "") + Tlv('\x02', "a")), 23},
      {"line end in the authority", Block('\x21', '\0', Tlv('\x02', "a\r\n")), 22},
      {"zero in the authority", Block('\x21', '\0', Tlv('\x02', "a\0b"s)), 22},
      {"space in the authority", Block('\x21', '\0', Tlv('\x02', "a b")), 22},
      {"DEL in the authority", Block('\x21', '\0', Tlv('\x02', "a\x7f")), 21},
  };
  for (const RefusalRow& row : rows) {
    // What lies behind the header must not be taken for a part of it.
    const Answer answer = Parse(row.bytes + "GET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(answer.result, ParseResult::kRefused) << row.what;
    EXPECT_EQ(DecidingBytes(row.bytes), row.deciding_bytes) << row.what;
  }
}

TEST(ProxyV2, TheLongestBlockIsTaken) {
  const std::string value(kV2BlockBytesMax - 12 - 3, 'n');
  const std::string header = Block('\x21', '\x11', kIpv4Block + Tlv('\x04', value));
  ASSERT_EQ(header.size(), kHeaderBytesMax);
  EXPECT_EQ(DecidingBytes(header), kHeaderBytesMax);
  EXPECT_EQ(Parse(header).result, ParseResult::kWhole);
}

std::string Built(const Header& header) {
  std::array<char, V2BytesMax(32)> out;
  return {out.data(), BuildProxyV2(header, out)};
}

TEST(BuildProxyV2, WritesTheBlock) {
  const Header header{.source = Address("192.0.2.1", 56324),
                      .destination = Address("10.0.0.1", 443)};
  EXPECT_EQ(Built(header), Block('\x21', '\x11', kIpv4Block));
  Header named = header;
  named.authority = "example.com";
  EXPECT_EQ(Built(named), Block('\x21', '\x11', kIpv4Block + Tlv('\x02', "example.com")));
}

TEST(BuildProxyV2, WithoutBothAddressesTheFamilyIsUnspecified) {
  EXPECT_EQ(Built({}), Block('\x21', '\0', ""));
  EXPECT_EQ(Built({.source = Address("192.0.2.1", 1), .authority = "a"}),
            Block('\x21', '\0', Tlv('\x02', "a")));
}

TEST(BuildProxyV2, ALocalConnectionCarriesNothing) {
  EXPECT_EQ(Built({.command = Command::kLocal,
                   .source = Address("192.0.2.1", 1),
                   .destination = Address("192.0.2.2", 2),
                   .authority = "a"}),
            Block('\x20', '\0', ""));
}

TEST(BuildProxyV2, MappedIpv4IsIpv4AndAMixIsMapped) {
  EXPECT_EQ(Built({.source = Address("::ffff:192.0.2.1", 56324),
                   .destination = Address("10.0.0.1", 443)}),
            Block('\x21', '\x11', kIpv4Block));
  const Answer mix =
      Parse(Built({.source = Address("2001:db8::1", 1), .destination = Address("10.0.0.1", 443)}));
  EXPECT_EQ(mix.header.source, Address("2001:db8::1", 1));
  EXPECT_EQ(mix.header.destination, Address("::ffff:10.0.0.1", 443));
}

TEST(BuildProxyV2, WritesNothingWhereItDoesNotFit) {
  const std::string authority(100, 'a');
  const Header header{.source = Address("2001:db8::1", 1),
                      .destination = Address("2001:db8::2", 2),
                      .authority = authority};
  std::string out(V2BytesMax(authority.size()), 'x');
  EXPECT_EQ(BuildProxyV2(header, std::span(out).first(out.size() - 1)), 0u);
  EXPECT_EQ(out, std::string(out.size(), 'x'));
  EXPECT_EQ(BuildProxyV2(header, out), out.size());
}

TEST(BuildProxyV2, WritesNoHeaderThatItWouldNotRead) {
  const std::string authority(kV2BlockBytesMax - 3, 'a');
  std::string out(2 * kHeaderBytesMax, 'x');
  EXPECT_EQ(BuildProxyV2({.authority = authority}, out), kHeaderBytesMax);
  EXPECT_EQ(BuildProxyV2({.authority = authority + "a"}, out), 0u);
}

}  // namespace
}  // namespace ringway::proxy
