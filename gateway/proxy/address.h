// SPDX-License-Identifier: Apache-2.0
//
// Addresses as proxies write them.
#pragma once

#include <optional>
#include <string_view>

#include "gateway/base/socket_address.h"

namespace ringway::proxy {

/// "192.0.2.1" or "2001:db8::1" with port 0; nothing: it is neither.
[[nodiscard]] std::optional<base::SocketAddress> AddressOf(std::string_view text);

}  // namespace ringway::proxy
