// SPDX-License-Identifier: Apache-2.0
//
// "host:port" as it is written for listeners and servers, addresses alone and in ranges, and the
// paths of unix sockets, taken apart and judged. Resolves nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "gateway/base/address_range.h"
#include "gateway/base/socket_address.h"
#include "gateway/config/config.h"

namespace ringway::config {

struct Address {
  /// IPv6 without brackets; numeric addresses in their canonical text.
  std::string host;
  uint16_t port = 0;
};

/// Where to listen: "127.0.0.1:8080", "[::1]:8080". The host is a numeric address, the port 0 to
/// 65535. The error message is a clause that says what was expected, without file or place.
[[nodiscard]] absl::StatusOr<Address> ParseListenAddress(std::string_view text);

/// Where a server is: also a host name ("db.internal:5000"), and no port 0; or
/// "unix:/run/app.sock". Its weight is the default.
[[nodiscard]] absl::StatusOr<Server> ParseServerAddress(std::string_view text);

/// What a unix socket may be bound to: an absolute path of at most 107 bytes (sun_path of
/// sockaddr_un(7) has 108, one of them the final zero), without control characters, and no folder.
[[nodiscard]] bool IsSocketPath(std::string_view text);

/// An address of this machine to connect from: "192.0.2.7", "2001:db8::7"; no port.
[[nodiscard]] absl::StatusOr<base::SocketAddress> ParseSourceAddress(std::string_view text);

/// "10.0.0.0/8" (RFC 4632 3.1), "2001:db8::/32", or one address alone. Refuses bits that are set
/// behind the prefix, and IPv4 mapped into IPv6, and says how to write what was meant.
[[nodiscard]] absl::StatusOr<base::AddressRange> ParseAddressRange(std::string_view text);

/// What a backend is told as its Host: "app.internal", "app.internal:8080", "[::1]:80", as written.
[[nodiscard]] absl::StatusOr<std::string> ParseBackendHost(std::string_view text);

/// Lower case, without a trailing dot: the host of a route ("example.com", "[::1]"). Refuses a
/// port, a wildcard, and what is no host name.
[[nodiscard]] absl::StatusOr<std::string> ParseRouteHost(std::string_view text);

/// "127.0.0.1:8080" and "[::1]:8080".
[[nodiscard]] std::string AddressText(std::string_view host, uint16_t port);

/// "127.0.0.1:5000" or "unix:/run/app.sock", without the weight.
[[nodiscard]] std::string ServerText(const Server& server);

/// "10.0.0.0/8"; one address without its "/32" or "/128".
[[nodiscard]] std::string AddressRangeText(const base::AddressRange& range);

}  // namespace ringway::config
