// SPDX-License-Identifier: Apache-2.0
//
// Addresses as text.
#include "gateway/base/socket_address.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace ringway::base {
namespace {

struct ZeroRun {
  size_t first = 8;
  size_t groups = 0;
};

// RFC 5952 4.2: the longest run of two or more zero groups, the first one if several.
ZeroRun LongestZeroRun(const std::array<uint16_t, 8>& groups) {
  ZeroRun longest;
  for (size_t i = 0; i < 8; ++i) {
    size_t end = i;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - i >= 2 && end - i > longest.groups) longest = {i, end - i};
    if (end > i) i = end;
  }
  return longest;
}

// RFC 5952 5: an IPv4 client of a listener for both families keeps its dots.
constexpr std::array<uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::string Ipv6Text(const std::array<uint8_t, 16>& bytes) {
  if (std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes.begin())) {
    return absl::StrCat("::ffff:", bytes[12], ".", bytes[13], ".", bytes[14], ".", bytes[15]);
  }
  std::array<uint16_t, 8> groups{};
  for (size_t i = 0; i < 8; ++i) {
    groups[i] = static_cast<uint16_t>(bytes[2 * i] << 8 | bytes[2 * i + 1]);
  }
  const ZeroRun zeros = LongestZeroRun(groups);
  std::string text;
  for (size_t i = 0; i < 8; ++i) {
    if (i == zeros.first) {
      text += "::";
      i += zeros.groups - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    absl::StrAppendFormat(&text, "%x", groups[i]);
  }
  return text;
}

}  // namespace

std::string SocketAddress::HostText() const {
  switch (family) {
    case AddressFamily::kIpv4:
      return absl::StrCat(bytes[0], ".", bytes[1], ".", bytes[2], ".", bytes[3]);
    case AddressFamily::kIpv6:
      return Ipv6Text(bytes);
    case AddressFamily::kNone:
      break;
  }
  return "unknown";
}

std::string SocketAddress::ToString() const {
  switch (family) {
    case AddressFamily::kIpv4:
      return absl::StrCat(HostText(), ":", port);
    case AddressFamily::kIpv6:
      return absl::StrCat("[", HostText(), "]:", port);
    case AddressFamily::kNone:
      break;
  }
  return "unknown";
}

}  // namespace ringway::base
