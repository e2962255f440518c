// SPDX-License-Identifier: Apache-2.0
//
// The text of an address against the one that base makes for logs: a client has one name.
#include "gateway/http/address_text.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tests/property/http/cuts.h"

namespace ringway::http {
namespace {

using base::AddressFamily;
using base::SocketAddress;

std::string Text(const SocketAddress& address) {
  std::array<char, 64> out;
  Writer writer(out);
  WriteAddress(address, writer);
  return {out.data(), writer.Finish()};
}

TEST(AddressText, IsThatOfTheLogs) {
  for (uint32_t seed = 0; seed < 50000; ++seed) {
    Chance chance(seed);
    SocketAddress address{.family = chance.OneIn(10) ? AddressFamily::kIpv4 : AddressFamily::kIpv6};
    const size_t bytes = address.family == AddressFamily::kIpv4 ? 4 : 16;
    for (size_t at = 0; at < bytes; ++at) {
      // Zeros in groups of any length, and groups of one to four digits.
      const bool zero =
          at % 2 == 1 && address.bytes[at - 1] == 0 ? chance.OneIn(2) : !chance.OneIn(3);
      address.bytes[at] = static_cast<uint8_t>(zero ? 0 : chance.Below(256));
    }
    const SocketAddress unmapped = Unmapped(address);
    ASSERT_EQ(Text(unmapped), unmapped.HostText()) << "seed " << seed;
  }
}

TEST(AddressText, OfAMappedAddressIsIpv4) {
  SocketAddress address{.family = AddressFamily::kIpv6, .port = 5};
  address.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1};
  EXPECT_EQ(Text(Unmapped(address)), "192.0.2.1");
  EXPECT_EQ(Unmapped(address).port, 5);
  address.bytes[0] = 1;
  EXPECT_EQ(Unmapped(address), address);
  EXPECT_EQ(Text({}), "unknown");
}

}  // namespace
}  // namespace ringway::http
