// SPDX-License-Identifier: Apache-2.0
//
// The opening handshake as the backend gets it: the client's request without what was meant for
// this hop alone, and with what the backend cannot know of itself, which is who the client is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "gateway/base/socket_address.h"
#include "gateway/http/request_head.h"

namespace ringway::http {

/// Whether the sender's own word on the client (Forwarded, X-Forwarded-*) is passed on.
enum class SenderTrust : uint8_t {
  kNone,     ///< An ordinary client: what it says of itself is removed.
  kTrusted,  ///< A proxy of ours: what it says is kept, and the proxy itself is added to it.
};

/// How the client has come (Forwarded "proto", X-Forwarded-Proto).
enum class Scheme : uint8_t { kHttp, kHttps };

/// What a request is forwarded with.
struct Forwarding {
  /// The Host that the backend is told, `IsHost`; empty: the client's.
  std::string_view backend_host;
  /// Whoever sent the request: the other end of the client's link, or whom a PROXY header named.
  /// Its port is not told. Family kNone: "unknown".
  base::SocketAddress sender;
  SenderTrust trust = SenderTrust::kNone;
  Scheme scheme = Scheme::kHttp;
};

/// A Connection field may name so many other fields. A client that sends more has no use for it:
/// the bound keeps the search for each of them from being quadratic in the head.
inline constexpr size_t kConnectionOptionsMax = 32;

/// Writes the request for the backend and returns its length in bytes. 0: it does not fit, or
/// Connection has more than kConnectionOptionsMax options; then `out` holds nothing of use, and the
/// client's answer is kNotForwardable.
///
/// `head`, `raw`: what ParseRequestHead made of which bytes; more bytes behind the head are not
/// looked at. REQUIRES: CheckUpgrade answered kUpgrade for it.
///
/// In this order:
/// - `GET` and the target in origin-form, also of an absolute-form target (RFC 9112 3.2.2): the
///   head's path, which the caller has put into normal form, and its query as it came.
/// - Host, once: the route's or the client's.
/// - Every other field as it came, name and value, in its order, once, but for those dropped:
///   of this hop alone (RFC 9110 7.6.1), whether Connection names them or not: Connection,
///   Keep-Alive, Proxy-Connection, Proxy-Authenticate, Proxy-Authorization, TE, Trailer,
///   Transfer-Encoding, Upgrade, HTTP2-Settings; about a body that never comes: Content-Length
///   (which can only be 0) and Expect; Proxy, which CGI turns into HTTP_PROXY; and what Connection
///   names, except what it must not: Host, Origin, Sec-WebSocket-*, Forwarded, X-Forwarded-*, and
///   the others that only a trusted sender may say.
/// - From a sender without trust also all of Forwarded and X-Forwarded-*, X-Real-IP, X-Client-IP,
///   True-Client-IP, X-Original-URL and X-Rewrite-URL: backends take the latter two for the target.
/// - A name that equals one of all these only after a byte other than letters, digits and "-" is
///   read as "-" (X_Forwarded_For) is dropped from everybody: CGI and its heirs take the two for
///   one, and would so take a client's word for ours.
/// - `Connection: Upgrade` and `Upgrade: websocket`, whatever else Upgrade offered.
/// - The four of forwarded_fields.h.
[[nodiscard]] size_t BuildForwardedRequest(const RequestHead& head, std::string_view raw,
                                           const Forwarding& forwarding, std::span<char> out);

/// A request in two buffers, to be sent one behind the other.
struct ForwardedParts {
  size_t front_bytes = 0;  ///< without the blank line that stands behind them and is not sent
  size_t back_bytes = 0;
};

/// The same for a head that does not fit into one buffer with what is added to it. `front` gets the
/// request line and the client's fields, each colon followed by a space only where it was; behind
/// them a blank line, for ReadForwardedOffer. So the front never outgrows the head that came.
/// `back` gets what the gateway adds or replaces: Host, Connection, Upgrade, the four, and the
/// blank line that ends the request. All zero: as above, either does not fit, or Connection has too
/// many options. REQUIRES: `front` has room for head.head_bytes.
[[nodiscard]] ForwardedParts BuildForwardedParts(const RequestHead& head, std::string_view raw,
                                                 const Forwarding& forwarding,
                                                 std::span<char> front, std::span<char> back);

/// What a 101 is checked against (switching_check.h), read again from a request as forwarded, or
/// from its front and the blank line: key, subprotocols and extensions. The rest of the result is
/// empty. Its views point into `forwarded`. No limit on fields: what was added counts for nothing.
[[nodiscard]] RequestHead ReadForwardedOffer(std::string_view forwarded);

}  // namespace ringway::http
