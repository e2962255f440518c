// SPDX-License-Identifier: Apache-2.0
//
// Between the system's sockaddr and our SocketAddress.
#pragma once

#include <sys/socket.h>

#include "gateway/base/socket_address.h"

namespace ringway::server {

/// IPv4 or IPv6; family kNone for anything else.
base::SocketAddress FromSockaddr(const sockaddr* from);

/// Parses a numeric address. Returns the length of *out, or 0 when the text is none.
socklen_t ToSockaddr(const char* numeric_host, uint16_t port, sockaddr_storage* out);

}  // namespace ringway::server
