// SPDX-License-Identifier: Apache-2.0
//
// Which addresses lie in a range (RFC 4632).
#include "gateway/base/address_range.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace ringway::base {
namespace {

using Bytes = std::array<uint8_t, 16>;

SocketAddress Ipv4(const Bytes& bytes, uint16_t port = 0) {
  return {.family = AddressFamily::kIpv4, .port = port, .bytes = bytes};
}

SocketAddress Ipv6(const Bytes& bytes, uint16_t port = 0) {
  return {.family = AddressFamily::kIpv6, .port = port, .bytes = bytes};
}

/// ::ffff:a.b.c.d, as a listener for both families sees an IPv4 client.
SocketAddress MappedIpv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
  return Ipv6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d}, 80);
}

TEST(Unmapped, MakesIpv4OfAMappedAddressAndKeepsItsPort) {
  EXPECT_EQ(Unmapped(MappedIpv4(192, 0, 2, 7)), Ipv4({192, 0, 2, 7}, 80));
  EXPECT_EQ(Unmapped(MappedIpv4(0, 0, 0, 0)), Ipv4({}, 80));
}

TEST(Unmapped, LeavesEveryOtherAddressAsItIs) {
  const SocketAddress others[] = {Ipv4({192, 0, 2, 7}, 80), Ipv6({}), SocketAddress{},
                                  Ipv6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe, 192, 0, 2, 7}),
                                  Ipv6({1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7})};
  for (const SocketAddress& each : others) EXPECT_EQ(Unmapped(each), each) << each.ToString();
}

TEST(Mapped, IsTheOtherWayRound) {
  EXPECT_EQ(Mapped(Ipv4({192, 0, 2, 7}, 80)), MappedIpv4(192, 0, 2, 7));
  EXPECT_EQ(Mapped(Ipv6({0x20, 0x01}, 80)), Ipv6({0x20, 0x01}, 80));
  EXPECT_EQ(Mapped(SocketAddress{}), SocketAddress{});
}

TEST(AddressRange, HoldsAllThatBeginsWithItsWholeBytes) {
  const AddressRange range{.first = Ipv4({10}), .prefix_bits = 8};
  EXPECT_TRUE(range.Contains(Ipv4({10, 0, 0, 0})));
  EXPECT_TRUE(range.Contains(Ipv4({10, 255, 255, 255}, 65535)));
  EXPECT_FALSE(range.Contains(Ipv4({9, 255, 255, 255})));
  EXPECT_FALSE(range.Contains(Ipv4({11, 0, 0, 0})));
}

TEST(AddressRange, LooksAtSingleBitsOfThePrefixsLastByte) {
  const AddressRange range{.first = Ipv4({172, 16}), .prefix_bits = 12};
  EXPECT_TRUE(range.Contains(Ipv4({172, 16, 0, 0})));
  EXPECT_TRUE(range.Contains(Ipv4({172, 31, 255, 255})));
  EXPECT_FALSE(range.Contains(Ipv4({172, 15, 255, 255})));
  EXPECT_FALSE(range.Contains(Ipv4({172, 32, 0, 0})));
  const AddressRange pair{.first = Ipv4({192, 0, 2, 6}), .prefix_bits = 31};
  EXPECT_TRUE(pair.Contains(Ipv4({192, 0, 2, 7})));
  EXPECT_FALSE(pair.Contains(Ipv4({192, 0, 2, 5})));
}

TEST(AddressRange, IsOneAddressWhenAllBitsCount) {
  const AddressRange four{.first = Ipv4({127, 0, 0, 1}), .prefix_bits = 32};
  EXPECT_TRUE(four.Contains(Ipv4({127, 0, 0, 1}, 80)));
  EXPECT_FALSE(four.Contains(Ipv4({127, 0, 0, 2})));
  Bytes loopback{};
  loopback[15] = 1;
  const AddressRange six{.first = Ipv6(loopback), .prefix_bits = 128};
  EXPECT_TRUE(six.Contains(Ipv6(loopback, 80)));
  EXPECT_FALSE(six.Contains(Ipv6({})));
}

TEST(AddressRange, HoldsItsWholeFamilyWhenNoBitCounts) {
  const AddressRange four{.first = Ipv4({}), .prefix_bits = 0};
  EXPECT_TRUE(four.Contains(Ipv4({255, 255, 255, 255})));
  EXPECT_TRUE(four.Contains(MappedIpv4(1, 2, 3, 4)));
  EXPECT_FALSE(four.Contains(Ipv6({0x20, 0x01})));
  const AddressRange six{.first = Ipv6({}), .prefix_bits = 0};
  EXPECT_TRUE(six.Contains(Ipv6({0x20, 0x01})));
  EXPECT_FALSE(six.Contains(Ipv4({1, 2, 3, 4})));
  EXPECT_FALSE(six.Contains(MappedIpv4(1, 2, 3, 4))) << "an IPv4 address, whatever the socket is";
}

TEST(AddressRange, TakesAMappedAddressForIpv4) {
  const AddressRange range{.first = Ipv4({10, 1}), .prefix_bits = 16};
  EXPECT_TRUE(range.Contains(MappedIpv4(10, 1, 2, 3)));
  EXPECT_FALSE(range.Contains(MappedIpv4(10, 2, 2, 3)));
}

TEST(AddressRange, KeepsTheFamiliesApart) {
  const AddressRange four{.first = Ipv4({0x20, 0x01}), .prefix_bits = 16};
  const AddressRange six{.first = Ipv6({0x20, 0x01}), .prefix_bits = 16};
  EXPECT_FALSE(four.Contains(Ipv6({0x20, 0x01})));
  EXPECT_FALSE(six.Contains(Ipv4({0x20, 0x01})));
}

TEST(AddressRange, NeitherHoldsNorIsAnAddressWithoutFamily) {
  EXPECT_FALSE(AddressRange{}.Contains(SocketAddress{}));
  EXPECT_FALSE(AddressRange{}.Contains(Ipv4({})));
  const AddressRange all{.first = Ipv4({}), .prefix_bits = 0};
  EXPECT_FALSE(all.Contains(SocketAddress{}));
}

TEST(ContainedInAny, AsksEachRange) {
  const std::vector<AddressRange> ranges = {{.first = Ipv4({10}), .prefix_bits = 8},
                                            {.first = Ipv6({0xfd}), .prefix_bits = 8}};
  EXPECT_TRUE(ContainedInAny(ranges, Ipv4({10, 1})));
  EXPECT_TRUE(ContainedInAny(ranges, Ipv6({0xfd, 1})));
  EXPECT_FALSE(ContainedInAny(ranges, Ipv4({11, 1})));
  EXPECT_FALSE(ContainedInAny({}, Ipv4({10, 1})));
}

}  // namespace
}  // namespace ringway::base
