// SPDX-License-Identifier: Apache-2.0
//
// The PROXY header: what a proxy sends in front of a connection's first byte to say whose
// connection it is. Both forms of it, version 1 (a line of text) and version 2 (binary), read and
// written. "Specification" is haproxy.org's proxy-protocol.txt of 2020/03/05.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "gateway/base/socket_address.h"

namespace ringway::proxy {

/// The longest line with its CRLF (specification 2.1).
inline constexpr size_t kV1BytesMax = 107;
/// Signature, command, family and length, in front of addresses and TLVs (2.2).
inline constexpr size_t kV2FixedBytes = 16;
/// What may follow them. The field could say 65535; senders stay below 1 KiB even with a client's
/// certificate names, and the caller has to keep a header that has not come whole.
inline constexpr size_t kV2BlockBytesMax = 4096;
/// The most bytes that ParseProxyHeader asks for.
inline constexpr size_t kHeaderBytesMax = kV2FixedBytes + kV2BlockBytesMax;
/// What BuildProxyV2 writes for IPv6 and an authority of `authority_bytes`; less for the rest.
[[nodiscard]] constexpr size_t V2BytesMax(size_t authority_bytes) {
  return kV2FixedBytes + 2 * (16 + 2) + 3 + authority_bytes;
}

/// Version 2's command (2.2). Version 1 has none and counts as kProxy.
enum class Command : uint8_t {
  kLocal,  ///< The proxy's own connection, a health check for one: it carries nobody's bytes.
  kProxy,  ///< Somebody's connection.
};

/// What a header says, and what one is built from.
struct Header {
  Command command = Command::kProxy;
  /// The client, and the address that it reached. Both or neither have a family; without one the
  /// connection's own addresses count: kLocal, UNKNOWN, UNSPEC, a unix socket, or not a stream.
  base::SocketAddress source;
  base::SocketAddress destination;
  /// The host name that the client asked the proxy for (TLV 0x02), or empty: UTF-8, not verified,
  /// and free of ASCII controls and space. Read, it is a view into the bytes that were parsed.
  std::string_view authority;
  /// Of the header itself; the connection's first own byte follows. Builders ignore it.
  size_t header_bytes = 0;

  [[nodiscard]] bool HasAddresses() const { return source.family != base::AddressFamily::kNone; }
};

/// kNeedMore: no fault in the bytes so far. kRefused: a fault that no further bytes could mend.
enum class ParseResult : uint8_t { kNeedMore, kWhole, kRefused };

/// Reads a header of either form from the front of `bytes`, all that the connection has brought so
/// far. Refuses with the first byte that cannot stand where it stands (TLVs: when the header is
/// whole), so bytes of another protocol are refused with their first; the answer does not depend on
/// how the bytes come, and never changes once it is not kNeedMore. Writes `out` only for kWhole,
/// `reason` (static English text) only for kRefused. Who may send a header is the caller's affair.
[[nodiscard]] ParseResult ParseProxyHeader(std::string_view bytes, Header* out,
                                           std::string_view* reason);

/// Writes version 1 (2.1); returns its bytes, at most kV1BytesMax, or 0: does not fit into `out`.
/// `PROXY UNKNOWN` without addresses. There is no command and no authority: a health check names
/// its own connection's addresses, since some servers refuse UNKNOWN. IPv4 that is mapped into IPv6
/// is written as IPv4; where only one of two addresses is IPv4 it is written as mapped, since a
/// header has one family.
[[nodiscard]] size_t BuildProxyV1(const Header& header, std::span<char> out);

/// The same for version 2 (2.2), at most V2BytesMax(authority.size()). kLocal carries neither
/// addresses nor authority; without addresses the family is UNSPEC. 0 also where the authority
/// would make the header longer than kHeaderBytesMax. REQUIRES: the authority is as Header says.
[[nodiscard]] size_t BuildProxyV2(const Header& header, std::span<char> out);

}  // namespace ringway::proxy
