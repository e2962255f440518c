// SPDX-License-Identifier: Apache-2.0
//
// Inside of this room: the two forms that the first byte decides between, and the one family of
// addresses that a header can carry.
#pragma once

#include <string_view>

#include "gateway/base/socket_address.h"
#include "gateway/proxy/proxy_header.h"

namespace ringway::proxy {

/// ParseProxyHeader for bytes that begin as version 1, or 2.
[[nodiscard]] ParseResult ParseV1(std::string_view bytes, Header* out, std::string_view* reason);
[[nodiscard]] ParseResult ParseV2(std::string_view bytes, Header* out, std::string_view* reason);

/// Source and destination in one family; both kNone unless both have addresses.
struct Endpoints {
  base::SocketAddress source;
  base::SocketAddress destination;
};
[[nodiscard]] Endpoints InOneFamily(const Header& header);

}  // namespace ringway::proxy
