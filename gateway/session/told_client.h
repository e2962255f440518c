// SPDX-License-Identifier: Apache-2.0
//
// Who the client is, where trusted proxies stand between: the other way round of
// http/forwarded_fields.h.
#pragma once

#include <span>
#include <string_view>

#include "gateway/base/address_range.h"
#include "gateway/base/socket_address.h"

namespace ringway::session {

/// The client that a trusted sender tells of in X-Forwarded-For, or, if that names no address, in
/// Forwarded (RFC 7239 4). WHY in this order: most proxies write the former and pass a client's own
/// Forwarded on.
///
/// Read from the right: each proxy has appended whom it was asked by, so the first address that is
/// none of `trusted` is the client, and what stands left of it is only its word. Where all
/// are trusted, the leftmost; where an element is no address ("unknown", "_hidden"), the one to its
/// right. Without a port. `sender`: nobody was told of.
///
/// `head`: a whole request head that ParseRequestHead took.
[[nodiscard]] base::SocketAddress ToldClient(std::string_view head,
                                             const base::SocketAddress& sender,
                                             std::span<const base::AddressRange> trusted);

}  // namespace ringway::session
