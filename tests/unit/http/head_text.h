// SPDX-License-Identifier: Apache-2.0
//
// Request heads for tests, spelled without their line ends' noise.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <initializer_list>
#include <string>
#include <string_view>

#include "gateway/http/request_head.h"

namespace ringway::http {

inline constexpr size_t kTestHeadBytesMax = 16 * 1024;

/// The lines, each with its CR LF, and the blank line.
inline std::string Head(std::initializer_list<std::string_view> lines) {
  std::string text;
  for (const std::string_view line : lines) text.append(line).append("\r\n");
  return text + "\r\n";
}

/// A good opening handshake (RFC 6455 1.3), with more fields behind it.
inline std::string UpgradeHead(std::initializer_list<std::string_view> more = {}) {
  std::string text =
      "GET /chat HTTP/1.1\r\n"
      "Host: server.example.com\r\n"
      "Upgrade: websocket\r\n"
      "Connection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "Sec-WebSocket-Version: 13\r\n";
  for (const std::string_view line : more) text.append(line).append("\r\n");
  return text + "\r\n";
}

/// Parses a copy of the text that lives as long as the test program, and so do the views into it.
inline RequestHead ParseGood(std::string_view sent) {
  static std::deque<std::string> kept;
  const std::string& text = kept.emplace_back(sent);
  RequestHead head;
  Refusal refusal;
  EXPECT_EQ(ParseRequestHead(text, kTestHeadBytesMax, &head, &refusal), HeadResult::kWhole)
      << refusal.reason << "\n"
      << text;
  return head;
}

inline Refusal ParseBad(std::string_view text) {
  RequestHead head;
  Refusal refusal;
  EXPECT_EQ(ParseRequestHead(text, kTestHeadBytesMax, &head, &refusal), HeadResult::kRefused)
      << text;
  return refusal;
}

}  // namespace ringway::http
