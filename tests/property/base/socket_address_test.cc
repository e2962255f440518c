// SPDX-License-Identifier: Apache-2.0
//
// Our text of IPv6 addresses against the C library's.
#include "gateway/base/socket_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "absl/strings/str_cat.h"

namespace ringway::base {
namespace {

/// Addresses of which about half of the groups are zero.
SocketAddress Sparse(std::mt19937_64& random) {
  SocketAddress address{.family = AddressFamily::kIpv6, .port = 443};
  for (size_t group = 0; group < 8; ++group) {
    const uint64_t value = random();
    if ((value & 1) == 0) continue;
    address.bytes[2 * group] = static_cast<uint8_t>((value & 2) == 0 ? 0 : value >> 8);
    address.bytes[2 * group + 1] = static_cast<uint8_t>(value >> 16);
  }
  return address;
}

/// Whether the C library writes the last two groups as an IPv4 address that is not a mapped one
/// (the "IPv4-compatible" form, deprecated by RFC 4291 2.5.5.1).
bool IsIpv4Compatible(const SocketAddress& address) {
  for (size_t i = 0; i < 12; ++i) {
    if (address.bytes[i] != 0) return false;
  }
  return address.bytes[12] != 0 || address.bytes[13] != 0;
}

TEST(SocketAddress, WritesIpv6AsTheCLibraryDoes) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200'000; ++i) {
    const SocketAddress address = Sparse(random);
    if (IsIpv4Compatible(address)) continue;
    std::array<char, INET6_ADDRSTRLEN> expected{};
    inet_ntop(AF_INET6, address.bytes.data(), expected.data(), expected.size());
    ASSERT_EQ(address.ToString(), absl::StrCat("[", expected.data(), "]:443"));
  }
}

}  // namespace
}  // namespace ringway::base
