// SPDX-License-Identifier: Apache-2.0
//
// Forwards requests of tests and takes what the backend gets apart, line by line.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/socket_address.h"
#include "gateway/http/forward_head.h"
#include "tests/unit/http/head_text.h"

namespace ringway::http {

inline constexpr size_t kChunkBytes = 16 * 1024;

inline base::SocketAddress Ipv4(std::array<uint8_t, 4> bytes) {
  base::SocketAddress address{.family = base::AddressFamily::kIpv4, .port = 50000};
  std::copy(bytes.begin(), bytes.end(), address.bytes.begin());
  return address;
}

inline base::SocketAddress Ipv6(std::array<uint8_t, 16> bytes) {
  return {.family = base::AddressFamily::kIpv6, .port = 50000, .bytes = bytes};
}

/// An ordinary client at 192.0.2.1.
inline Forwarding FromClient() { return {.backend_host = {}, .sender = Ipv4({192, 0, 2, 1})}; }

/// A proxy of ours at 10.0.0.7.
inline Forwarding FromProxy() {
  return {.backend_host = {}, .sender = Ipv4({10, 0, 0, 7}), .trust = SenderTrust::kTrusted};
}

/// What the backend gets; empty: nothing, as it does not fit.
inline std::string Forward(std::string_view text, const Forwarding& forwarding,
                           size_t room = kChunkBytes) {
  RequestHead head;
  Refusal refusal;
  EXPECT_EQ(ParseRequestHead(text, kTestHeadBytesMax, &head, &refusal), HeadResult::kWhole)
      << refusal.reason;
  EXPECT_EQ(CheckUpgrade(head, &refusal), UpgradeResult::kUpgrade) << refusal.reason;
  std::string out(room, '?');
  out.resize(BuildForwardedRequest(head, text, forwarding, out));
  return out;
}

/// The lines without their ends, up to the blank one.
inline std::vector<std::string> Lines(std::string_view head) {
  std::vector<std::string> lines;
  while (!head.starts_with("\r\n") && head.find("\r\n") != std::string_view::npos) {
    lines.emplace_back(head.substr(0, head.find("\r\n")));
    head.remove_prefix(lines.back().size() + 2);
  }
  EXPECT_EQ(head, "\r\n");
  return lines;
}

/// The lines that begin with this name and a colon, in its very case.
inline std::vector<std::string> LinesOf(std::string_view head, const std::string& name) {
  std::vector<std::string> found;
  for (const std::string& line : Lines(head)) {
    if (line.starts_with(name + ":")) found.push_back(line);
  }
  return found;
}

using LineList = std::vector<std::string>;

}  // namespace ringway::http
