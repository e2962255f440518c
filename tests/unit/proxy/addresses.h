// SPDX-License-Identifier: Apache-2.0
//
// Socket addresses as tests write them, and a parse in one go.
#pragma once

#include <arpa/inet.h>

#include <string>
#include <string_view>

#include "gateway/proxy/proxy_header.h"

namespace ringway::proxy {

inline base::SocketAddress Address(const char* host, uint16_t port) {
  base::SocketAddress address{.port = port};
  if (inet_pton(AF_INET, host, address.bytes.data()) == 1) {
    address.family = base::AddressFamily::kIpv4;
  } else if (inet_pton(AF_INET6, host, address.bytes.data()) == 1) {
    address.family = base::AddressFamily::kIpv6;
  }
  return address;
}

struct Answer {
  ParseResult result = ParseResult::kNeedMore;
  Header header;
  std::string_view reason;
};

inline Answer Parse(std::string_view bytes) {
  Answer answer;
  answer.result = ParseProxyHeader(bytes, &answer.header, &answer.reason);
  return answer;
}

/// The least bytes of `text` that already bring an answer; npos if all of them bring none.
inline size_t DecidingBytes(std::string_view text) {
  for (size_t bytes = 0; bytes <= text.size(); ++bytes) {
    if (Parse(text.substr(0, bytes)).result != ParseResult::kNeedMore) return bytes;
  }
  return std::string_view::npos;
}

}  // namespace ringway::proxy
