// SPDX-License-Identifier: Apache-2.0
//
// From the kernel's socket address to ours.
#pragma once

#include <sys/socket.h>

#include "gateway/base/socket_address.h"

namespace ringway::worker {

/// Of family kNone where it is neither IPv4 nor IPv6.
base::SocketAddress FromSockaddr(const sockaddr_storage& from);

}  // namespace ringway::worker
