// SPDX-License-Identifier: Apache-2.0
//
// Conversions of addresses.
#include "gateway/server/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

namespace ringway::server {

base::SocketAddress FromSockaddr(const sockaddr* from) {
  base::SocketAddress address;
  if (from->sa_family == AF_INET) {
    sockaddr_in ipv4;
    std::memcpy(&ipv4, from, sizeof ipv4);
    address.family = base::AddressFamily::kIpv4;
    address.port = ntohs(ipv4.sin_port);
    std::memcpy(address.bytes.data(), &ipv4.sin_addr, sizeof ipv4.sin_addr);
  } else if (from->sa_family == AF_INET6) {
    sockaddr_in6 ipv6;
    std::memcpy(&ipv6, from, sizeof ipv6);
    address.family = base::AddressFamily::kIpv6;
    address.port = ntohs(ipv6.sin6_port);
    std::memcpy(address.bytes.data(), &ipv6.sin6_addr, sizeof ipv6.sin6_addr);
  }
  return address;
}

socklen_t ToSockaddr(const char* numeric_host, uint16_t port, sockaddr_storage* out) {
  *out = {};
  sockaddr_in ipv4{.sin_family = AF_INET, .sin_port = htons(port)};
  if (inet_pton(AF_INET, numeric_host, &ipv4.sin_addr) == 1) {
    std::memcpy(out, &ipv4, sizeof ipv4);
    return sizeof ipv4;
  }
  sockaddr_in6 ipv6{.sin6_family = AF_INET6, .sin6_port = htons(port)};
  if (inet_pton(AF_INET6, numeric_host, &ipv6.sin6_addr) == 1) {
    std::memcpy(out, &ipv6, sizeof ipv6);
    return sizeof ipv6;
  }
  return 0;
}

}  // namespace ringway::server
