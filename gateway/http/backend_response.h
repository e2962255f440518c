// SPDX-License-Identifier: Apache-2.0
//
// From the first bytes of a backend's answer to a response head that has one reading: finds its
// end, refuses what two recipients could read in two ways, and says how its body is framed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateway/http/request_head.h"
#include "gateway/http/status.h"

namespace ringway::http {

/// Where a response's body ends (RFC 9112 6.3).
enum class BodyFraming : uint8_t {
  kNone,        ///< There is no body, whatever the fields say: 1xx, 204 and 304.
  kLength,      ///< After body_bytes, which may be 0.
  kChunked,     ///< With the last chunk and its trailer section.
  kUntilClose,  ///< With the connection.
};

/// The longest Content-Length or chunk, in bytes: far beyond any body, and far from an overflow.
inline constexpr uint64_t kBodyBytesMax = 1ULL << 60;

/// One response head to a GET (RFC 9112 4). All views point into the bytes that were parsed and
/// live as long as those; values come without the white space around them.
struct ResponseHead {
  /// 100 to 999.
  uint16_t status = 0;
  /// As sent; may be empty, or not be there at all.
  std::string_view reason;
  /// 0 or 1: HTTP/1.0 or HTTP/1.1.
  uint8_t version_minor = 1;

  BodyFraming framing = BodyFraming::kNone;
  /// The Content-Length; 0 without one. Beside kNone it frames nothing (it is a 304's).
  uint64_t body_bytes = 0;
  bool has_content_length = false;
  /// The backend would take another request on its connection (RFC 9112 9.3). Says nothing about
  /// the client's connection.
  bool keep_alive = true;

  /// Connection lists "upgrade".
  bool connection_upgrade = false;
  /// Upgrade names websocket, maybe twice, and nothing else. Whether the answer is a good 101 is
  /// CheckSwitching's to say.
  bool upgrade_to_websocket = false;
  /// Sec-WebSocket-Accept: the first value, and how many there were.
  std::string_view websocket_accept;
  size_t websocket_accept_count = 0;
  ListFields subprotocols;
  ListFields extensions;

  /// Up to and with the blank line; what follows is body, the next response, or a WebSocket.
  size_t head_bytes = 0;

  /// 1xx other than 101: the answer is still to come. The caller passes over head_bytes and parses
  /// what follows (RFC 9110 15.2); how often it does so is its own bound.
  [[nodiscard]] bool IsInterim() const {
    return status < 200 && status != static_cast<uint16_t>(Status::kSwitchingProtocols);
  }
};

/// Finds and parses one response head at the front of `bytes`, which answers a GET.
///
/// kNeedMore: `bytes` may still become a good head; call again with the same bytes and more.
/// kWhole: `*head` is set.
/// kRefused: `*refusal` is set, always a 502 with a sentence about the backend. The leftmost error
/// is reported as soon as its byte is there, so the answer does not depend on how the bytes were
/// cut. A head that has no end within `head_bytes_max` bytes is refused too.
///
/// Refused is what could be framed in two ways: Content-Length beside Transfer-Encoding, lengths
/// that are not the same text, a length that is not digits up to kBodyBytesMax, a Transfer-Encoding
/// that is not exactly "chunked", comes twice or with HTTP/1.0; and every line that head_scan.h
/// refuses. What others take from backends and nobody reads in two ways is good: several spaces
/// before the status, no reason and no space for it, the same Content-Length twice, LF alone at the
/// end of every line, elements of Connection that are no tokens.
///
/// Allocates nothing. `*head` and `*refusal` are written only where said.
HeadResult ParseResponseHead(std::string_view bytes, size_t head_bytes_max, ResponseHead* head,
                             Refusal* refusal);

}  // namespace ringway::http
