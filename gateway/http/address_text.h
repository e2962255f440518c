// SPDX-License-Identifier: Apache-2.0
//
// The text of an address in a head, without an allocation.
#pragma once

#include "gateway/base/socket_address.h"
#include "gateway/http/writer.h"

namespace ringway::http {

/// The same address; one that is IPv4 mapped into IPv6 (RFC 4291 2.5.5.2) as IPv4: it is one
/// client, whichever socket it came in by.
[[nodiscard]] base::SocketAddress Unmapped(const base::SocketAddress& address);

/// Appends it without its port: "192.0.2.1", "2001:db8::1" in the form of RFC 5952, "unknown"
/// without a family (RFC 7239 6.2).
void WriteAddress(const base::SocketAddress& address, Writer& writer);

}  // namespace ringway::http
