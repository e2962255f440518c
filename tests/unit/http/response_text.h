// SPDX-License-Identifier: Apache-2.0
//
// Answers of backends for tests.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <initializer_list>
#include <string>
#include <string_view>

#include "gateway/http/backend_response.h"
#include "tests/unit/http/head_text.h"

namespace ringway::http {

/// A response of this status line's rest ("200 OK") and these fields.
inline std::string Answer(std::string_view status,
                          std::initializer_list<std::string_view> fields = {}) {
  std::string text = "HTTP/1.1 " + std::string(status) + "\r\n";
  for (const std::string_view field : fields) text.append(field).append("\r\n");
  return text + "\r\n";
}

/// The 101 to the handshake of UpgradeHead (RFC 6455 1.3), with more fields behind it.
inline std::string SwitchingAnswer(std::initializer_list<std::string_view> more = {}) {
  std::string text =
      "HTTP/1.1 101 Switching Protocols\r\n"
      "Upgrade: websocket\r\n"
      "Connection: Upgrade\r\n"
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
  for (const std::string_view field : more) text.append(field).append("\r\n");
  return text + "\r\n";
}

/// Parses a copy of the text that lives as long as the test program, and so do the views into it.
inline ResponseHead ParseGoodAnswer(std::string_view sent) {
  static std::deque<std::string> kept;
  const std::string& text = kept.emplace_back(sent);
  ResponseHead head;
  Refusal refusal;
  EXPECT_EQ(ParseResponseHead(text, kTestHeadBytesMax, &head, &refusal), HeadResult::kWhole)
      << refusal.reason << "\n"
      << text;
  return head;
}

inline Refusal ParseBadAnswer(std::string_view text) {
  ResponseHead head;
  Refusal refusal;
  EXPECT_EQ(ParseResponseHead(text, kTestHeadBytesMax, &head, &refusal), HeadResult::kRefused)
      << text;
  return refusal;
}

}  // namespace ringway::http
