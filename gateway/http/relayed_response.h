// SPDX-License-Identifier: Apache-2.0
//
// A backend's answer as the client gets it: its head without what was meant for the hop between
// gateway and backend. The body follows as it comes (body_reader.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "gateway/http/backend_response.h"
#include "gateway/http/response_head.h"

namespace ringway::http {

/// Writes the head for the client and returns its length in bytes. 0: it does not fit, or
/// Connection has more than kConnectionOptionsMax options; then `out` holds nothing of use, and the
/// client's answer is kBackendNotRelayable.
///
/// `head`, `raw`: what ParseResponseHead made of which bytes; what is behind the head is not looked
/// at. REQUIRES: not IsInterim(); a 101 has passed CheckSwitching; a body kUntilClose comes with
/// kClose, since nothing else ends it. For a 101 `after` says nothing.
///
/// In this order:
/// - HTTP/1.1, whichever version the backend speaks (RFC 9110 2.5), status and reason as sent.
/// - Every field as it came, name and value, in its order, but for those of this hop alone
///   (RFC 9110 7.6.1): Connection and what it names, Keep-Alive, Proxy-Connection,
///   Proxy-Authenticate, TE, Upgrade. Connection cannot name Sec-WebSocket-*.
/// - The framing, written anew from how it was understood: Content-Length as a plain number, or
///   `Transfer-Encoding: chunked`, the body being relayed with its chunks and trailers. 1xx and
///   204 get neither (RFC 9110 8.6), a 304 keeps its length.
/// - 101: `Connection: Upgrade` and `Upgrade: websocket`. 426: its Upgrade fields as sent, and
///   `upgrade` in Connection (RFC 9110 7.8). All but 101: `Connection: keep-alive` or `close`.
[[nodiscard]] size_t BuildRelayedResponse(const ResponseHead& head, std::string_view raw,
                                          AfterAnswer after, std::span<char> out);

}  // namespace ringway::http
