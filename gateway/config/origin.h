// SPDX-License-Identifier: Apache-2.0
//
// A web origin taken apart (RFC 6454 4 and 6.2), for the list in a configuration and for the Origin
// field of a request alike, so that both are compared by the same rule.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ringway::config {

/// Views into the text that was parsed; valid as long as it is.
struct Origin {
  std::string_view scheme;
  std::string_view host;
  /// The scheme's own where none is written (http, ws: 80; https, wss: 443); 0: neither is known.
  uint16_t port = 0;
};

/// "scheme://host" or "scheme://host:port"; nullopt for all else: a path, even "/", a user, "null".
[[nodiscard]] std::optional<Origin> ParseOrigin(std::string_view text);

/// Scheme and host in any case, port by value.
[[nodiscard]] bool SameOrigin(const Origin& left, const Origin& right);

}  // namespace ringway::config
