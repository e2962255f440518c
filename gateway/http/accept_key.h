// SPDX-License-Identifier: Apache-2.0
//
// The proof in the 101 that the server has read this very handshake and is no cache or echo.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace ringway::http {

/// A key on the wire: base64 of 16 bytes.
inline constexpr size_t kKeyBytes = 24;
/// Its answer: base64 of the 20 bytes of a SHA-1.
inline constexpr size_t kAcceptBytes = 28;

/// The value of Sec-WebSocket-Accept: base64(SHA-1(key + GUID)), RFC 6455 4.2.2 step 5.4. `key`:
/// the Sec-WebSocket-Key as it came, not decoded, of kKeyBytes bytes, as CheckUpgrade saw to.
[[nodiscard]] std::array<char, kAcceptBytes> WebSocketAccept(std::string_view key);

}  // namespace ringway::http
