// SPDX-License-Identifier: Apache-2.0
//
// Both families that a client can have.
#include "gateway/worker/remote_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

namespace ringway::worker {

base::SocketAddress FromSockaddr(const sockaddr_storage& from) {
  base::SocketAddress address;
  if (from.ss_family == AF_INET6) {
    const auto& ipv6 = reinterpret_cast<const sockaddr_in6&>(from);
    address.family = base::AddressFamily::kIpv6;
    address.port = ntohs(ipv6.sin6_port);
    std::memcpy(address.bytes.data(), &ipv6.sin6_addr, sizeof ipv6.sin6_addr);
  } else if (from.ss_family == AF_INET) {
    const auto& ipv4 = reinterpret_cast<const sockaddr_in&>(from);
    address.family = base::AddressFamily::kIpv4;
    address.port = ntohs(ipv4.sin_port);
    std::memcpy(address.bytes.data(), &ipv4.sin_addr, sizeof ipv4.sin_addr);
  }
  return address;
}

}  // namespace ringway::worker
