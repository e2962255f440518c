// SPDX-License-Identifier: Apache-2.0
//
// Addresses as text (RFC 5952).
#include "gateway/base/socket_address.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace ringway::base {
namespace {

std::string Ipv6(const std::array<uint16_t, 8>& groups) {
  SocketAddress address{.family = AddressFamily::kIpv6, .port = 80};
  for (size_t i = 0; i < 8; ++i) {
    address.bytes[2 * i] = static_cast<uint8_t>(groups[i] >> 8);
    address.bytes[2 * i + 1] = static_cast<uint8_t>(groups[i] & 0xff);
  }
  return address.ToString();
}

TEST(SocketAddress, IsUnknownWhenItHasNoFamily) {
  EXPECT_EQ(SocketAddress{}.ToString(), "unknown");
}

TEST(SocketAddress, WritesIpv4WithItsPort) {
  const SocketAddress address{
      .family = AddressFamily::kIpv4, .port = 65535, .bytes = {192, 0, 2, 255}};
  EXPECT_EQ(address.ToString(), "192.0.2.255:65535");
  EXPECT_EQ(SocketAddress{.family = AddressFamily::kIpv4}.ToString(), "0.0.0.0:0");
}

TEST(SocketAddress, WritesIpv6InLowerCaseWithoutLeadingZeros) {
  EXPECT_EQ(Ipv6({0x2001, 0xdb8, 1, 2, 0x30, 0x400, 0xABCD, 0xf}),
            "[2001:db8:1:2:30:400:abcd:f]:80");
}

TEST(SocketAddress, ShortensTheLongestRunOfZeros) {
  EXPECT_EQ(Ipv6({0x2001, 0, 0, 1, 0, 0, 0, 1}), "[2001:0:0:1::1]:80");
}

TEST(SocketAddress, ShortensTheFirstOfTwoEqualRuns) {
  EXPECT_EQ(Ipv6({0x2001, 0xdb8, 0, 0, 1, 0, 0, 1}), "[2001:db8::1:0:0:1]:80");
}

TEST(SocketAddress, DoesNotShortenASingleZero) {
  EXPECT_EQ(Ipv6({0x2001, 0xdb8, 0, 1, 1, 1, 1, 1}), "[2001:db8:0:1:1:1:1:1]:80");
  EXPECT_EQ(Ipv6({0, 1, 0, 1, 0, 1, 0, 1}), "[0:1:0:1:0:1:0:1]:80");
  EXPECT_EQ(Ipv6({1, 1, 1, 1, 1, 1, 1, 0}), "[1:1:1:1:1:1:1:0]:80");
}

TEST(SocketAddress, ShortensRunsAtBothEnds) {
  EXPECT_EQ(Ipv6({0, 0, 0, 0, 0, 0, 0, 0}), "[::]:80");
  EXPECT_EQ(Ipv6({0, 0, 0, 0, 0, 0, 0, 1}), "[::1]:80");
  EXPECT_EQ(Ipv6({0xfe80, 0, 0, 0, 0, 0, 0, 0}), "[fe80::]:80");
  EXPECT_EQ(Ipv6({1, 2, 3, 4, 5, 6, 0, 0}), "[1:2:3:4:5:6::]:80");
  EXPECT_EQ(Ipv6({0, 0, 3, 4, 5, 6, 7, 8}), "[::3:4:5:6:7:8]:80");
}

// RFC 5952 5: what a listener for both families sees of IPv4 clients.
TEST(SocketAddress, WritesAMappedIpv4AddressWithDots) {
  EXPECT_EQ(Ipv6({0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201}), "[::ffff:192.0.2.1]:80");
  EXPECT_EQ(Ipv6({0, 0, 0, 0, 0, 0xffff, 0, 0}), "[::ffff:0.0.0.0]:80");
  EXPECT_EQ(Ipv6({0, 0, 0, 0, 1, 0xffff, 0xc000, 0x0201}), "[::1:ffff:c000:201]:80");
}

TEST(SocketAddress, ComparesFamilyPortAndBytes) {
  const SocketAddress address{.family = AddressFamily::kIpv4, .port = 1, .bytes = {1, 2, 3, 4}};
  SocketAddress changed = address;
  EXPECT_EQ(changed, address);
  changed.port = 2;
  EXPECT_NE(changed, address);
  EXPECT_EQ(sizeof(SocketAddress), 20U);
}

}  // namespace
}  // namespace ringway::base
