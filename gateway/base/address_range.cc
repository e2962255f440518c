// SPDX-License-Identifier: Apache-2.0
//
// Comparing the front bits of an address.
#include "gateway/base/address_range.h"

#include <algorithm>
#include <array>

namespace ringway::base {
namespace {

constexpr std::array<uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

SocketAddress Unmapped(const SocketAddress& address) {
  if (address.family != AddressFamily::kIpv6) return address;
  if (!std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes.begin())) {
    return address;
  }
  SocketAddress plain{.family = AddressFamily::kIpv4, .port = address.port};
  std::copy_n(address.bytes.begin() + kMappedPrefix.size(), 4, plain.bytes.begin());
  return plain;
}

SocketAddress Mapped(const SocketAddress& address) {
  if (address.family != AddressFamily::kIpv4) return address;
  SocketAddress mapped{.family = AddressFamily::kIpv6, .port = address.port};
  std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), mapped.bytes.begin());
  std::copy_n(address.bytes.begin(), 4, mapped.bytes.begin() + kMappedPrefix.size());
  return mapped;
}

bool AddressRange::Contains(const SocketAddress& address) const {
  const SocketAddress plain = Unmapped(address);
  if (plain.family != first.family || first.family == AddressFamily::kNone) return false;
  const size_t whole = prefix_bits / 8;
  if (!std::equal(first.bytes.begin(), first.bytes.begin() + whole, plain.bytes.begin())) {
    return false;
  }
  const unsigned rest = prefix_bits % 8;
  if (rest == 0) return true;
  return ((first.bytes[whole] ^ plain.bytes[whole]) >> (8 - rest)) == 0;
}

bool ContainedInAny(std::span<const AddressRange> ranges, const SocketAddress& address) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const AddressRange& range) { return range.Contains(address); });
}

}  // namespace ringway::base
