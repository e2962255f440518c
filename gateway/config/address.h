// SPDX-License-Identifier: Apache-2.0
//
// "host:port" as it is written for listeners and servers, taken apart and judged. Resolves nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "gateway/base/socket_address.h"

namespace ringway::config {

struct Address {
  /// IPv6 without brackets; numeric addresses in their canonical text.
  std::string host;
  uint16_t port = 0;
};

/// Where to listen: "127.0.0.1:8080", "[::1]:8080". The host is a numeric address, the port 0 to
/// 65535. The error message is a clause that says what was expected, without file or place.
[[nodiscard]] absl::StatusOr<Address> ParseListenAddress(std::string_view text);

/// Where a server is: also a host name ("db.internal:5000"), and no port 0.
[[nodiscard]] absl::StatusOr<Address> ParseServerAddress(std::string_view text);

/// An address of this machine to connect from: "192.0.2.7", "2001:db8::7"; no port.
[[nodiscard]] absl::StatusOr<base::SocketAddress> ParseSourceAddress(std::string_view text);

/// Lower case, without a trailing dot: the host of a route ("example.com", "[::1]"). Refuses a
/// port, a wildcard, and what is no host name.
[[nodiscard]] absl::StatusOr<std::string> ParseRouteHost(std::string_view text);

/// "127.0.0.1:8080" and "[::1]:8080".
[[nodiscard]] std::string AddressText(std::string_view host, uint16_t port);

}  // namespace ringway::config
