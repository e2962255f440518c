// SPDX-License-Identifier: Apache-2.0
//
// An IPv4 or IPv6 address with its port: 20 bytes that know no sockaddr.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace ringway::base {

enum class AddressFamily : uint8_t { kNone = 0, kIpv4 = 4, kIpv6 = 6 };

struct SocketAddress {
  AddressFamily family = AddressFamily::kNone;
  uint16_t port = 0;  ///< host byte order
  /// Network byte order; IPv4 uses the first four.
  std::array<uint8_t, 16> bytes{};

  /// "192.0.2.1", "2001:db8::1", or "unknown".
  std::string HostText() const;
  /// "192.0.2.1:80", "[2001:db8::1]:80", or "unknown".
  std::string ToString() const;

  friend bool operator==(const SocketAddress&, const SocketAddress&) = default;
};

}  // namespace ringway::base
