// SPDX-License-Identifier: Apache-2.0
//
// inet_pton(3), which is a function of its text alone.
#include "gateway/proxy/address.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>

namespace ringway::proxy {

std::optional<base::SocketAddress> AddressOf(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  // A zero byte would end the text early for inet_pton and hide what follows.
  const bool is_short = !text.empty() && text.size() < terminated.size();
  if (!is_short || text.find('\0') != std::string_view::npos) return std::nullopt;
  std::memcpy(terminated.data(), text.data(), text.size());
  base::SocketAddress address{.family = base::AddressFamily::kIpv4};
  if (inet_pton(AF_INET, terminated.data(), address.bytes.data()) == 1) return address;
  address = {.family = base::AddressFamily::kIpv6};
  if (inet_pton(AF_INET6, terminated.data(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

}  // namespace ringway::proxy
