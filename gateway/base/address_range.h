// SPDX-License-Identifier: Apache-2.0
//
// A range of IP addresses in CIDR form (RFC 4632), such as 10.0.0.0/8: who is trusted.
#pragma once

#include <cstdint>
#include <span>

#include "gateway/base/socket_address.h"

namespace ringway::base {

/// An IPv4 address that is mapped into IPv6 (RFC 4291 2.5.5.2: what a dual-stack socket calls an
/// IPv4 client) as IPv4; any other as it is.
SocketAddress Unmapped(const SocketAddress& address);
/// The other way round.
SocketAddress Mapped(const SocketAddress& address);

struct AddressRange {
  SocketAddress first;  ///< bits behind the prefix and the port are zero
  uint8_t prefix_bits = 0;

  /// Whether the address lies in it; an IPv4 address that is mapped into IPv6 counts as IPv4.
  bool Contains(const SocketAddress& address) const;

  friend bool operator==(const AddressRange&, const AddressRange&) = default;
};

/// Whether any of the ranges contains it.
bool ContainedInAny(std::span<const AddressRange> ranges, const SocketAddress& address);

}  // namespace ringway::base
