// SPDX-License-Identifier: Apache-2.0
//
// RFC 5952 4, which gives every IPv6 address one text.
#include "gateway/http/address_text.h"

#include <algorithm>
#include <array>

namespace ringway::http {
namespace {

using base::AddressFamily;
using base::SocketAddress;

constexpr size_t kGroups = 8;
constexpr std::array<uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

void WriteIpv6(const std::array<uint8_t, 16>& bytes, Writer& writer) {
  const auto group = [&](size_t at) { return bytes[2 * at] << 8 | bytes[2 * at + 1]; };
  // The longest run of zeros, the first of several. One alone is not shortened (4.2.2).
  size_t zeros_begin = kGroups;
  size_t zeros = 1;
  for (size_t begin = 0; begin < kGroups; ++begin) {
    size_t end = begin;
    while (end < kGroups && group(end) == 0) ++end;
    if (end - begin <= zeros) continue;
    zeros_begin = begin;
    zeros = end - begin;
  }
  for (size_t at = 0; at < kGroups; ++at) {
    if (at == zeros_begin) {
      writer.Text("::");
      at += zeros - 1;
      continue;
    }
    if (at > 0 && at != zeros_begin + zeros) writer.Text(":");
    writer.Hex(static_cast<uint64_t>(group(at)));
  }
}

}  // namespace

SocketAddress Unmapped(const SocketAddress& address) {
  if (address.family != AddressFamily::kIpv6 ||
      !std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes.begin())) {
    return address;
  }
  SocketAddress ipv4{.family = AddressFamily::kIpv4, .port = address.port};
  std::copy(address.bytes.begin() + kMappedPrefix.size(), address.bytes.end(), ipv4.bytes.begin());
  return ipv4;
}

void WriteAddress(const SocketAddress& address, Writer& writer) {
  switch (address.family) {
    case AddressFamily::kNone:
      writer.Text("unknown");
      return;
    case AddressFamily::kIpv4:
      for (size_t at = 0; at < 4; ++at) writer.Text(at > 0 ? "." : "").Number(address.bytes[at]);
      return;
    case AddressFamily::kIpv6:
      WriteIpv6(address.bytes, writer);
      return;
  }
}

}  // namespace ringway::http
