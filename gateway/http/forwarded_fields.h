// SPDX-License-Identifier: Apache-2.0
//
// Who the client is, told to the backend: Forwarded (RFC 7239) and the three X-Forwarded-* fields
// that came before it and that most backends read. All four say the same.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateway/http/forward_head.h"
#include "gateway/http/writer.h"

namespace ringway::http {

/// The four, and how many of each a head has.
enum class ForwardedField : uint8_t { kFor, kProto, kHost, kForwarded };
inline constexpr size_t kForwardedFieldCount = 4;

/// Their names, in the order of ForwardedField.
inline constexpr std::array<std::string_view, kForwardedFieldCount> kForwardedFieldNames = {
    "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded"};

/// Writes all four, each as one line, for a request of which `head` and `raw` are as in
/// BuildForwardedRequest.
///
/// Without trust, each tells of the sender alone: X-Forwarded-For its address, X-Forwarded-Host
/// the Host that it asked for, X-Forwarded-Proto "http" or "https", and Forwarded the three
/// together: `for=192.0.2.1;host=example.com;proto=http`. Node identifiers are those of RFC 7239 6:
/// `"[2001:db8::1]"` for IPv6, "unknown" where there is no address; a host with a port is quoted.
///
/// With trust, what came is kept, several fields of one name joined to one list (RFC 9110 5.3):
/// X-Forwarded-For and Forwarded get the sender as their last element, X-Forwarded-Proto and -Host
/// stay as they are and are written only where they are missing. A Forwarded with an open quote,
/// which would swallow our element, is dropped and begun anew. If X-Forwarded-For came and
/// Forwarded did not, its elements are written to Forwarded first, and the first one gets the
/// proto and host of X-Forwarded-Proto and -Host (RFC 7239 7.4): a backend that prefers Forwarded
/// would else take the proxy for the client. A proxy that passes on a client's own Forwarded does
/// not deserve trust.
void WriteForwardedFields(const RequestHead& head, std::string_view raw,
                          const Forwarding& forwarding, Writer& writer);

}  // namespace ringway::http
