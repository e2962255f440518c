// SPDX-License-Identifier: Apache-2.0
//
// The opening handshake (RFC 6455 4), as the load generator sends it and as the echo service
// answers it. Request and response heads are texts up to and with their blank line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bench/load/target.h"

namespace ringway::load {

/// A head that is longer is refused by both sides.
constexpr size_t kHandshakeBytesMax = 16 * 1024;

/// A Sec-WebSocket-Key: 16 bytes made of `number`, in base64.
std::string MakeKey(uint64_t number);

/// Sec-WebSocket-Accept for a key (RFC 6455 4.2.2).
std::string AcceptFor(absl::string_view key);

/// `headers` are lines without their ends, such as `Origin: http://example.com`.
std::string BuildRequest(const Target& target, absl::string_view key,
                         const std::vector<std::string>& headers);

/// Whether a response head completes the handshake (RFC 6455 4.1). Otherwise the message is the
/// response's status line, or what is wrong with a 101.
absl::Status CheckResponse(absl::string_view head, absl::string_view key);

/// The 101 response to a request head; an error when it is no WebSocket handshake.
absl::StatusOr<std::string> AnswerRequest(absl::string_view head);

/// Bytes of the head at the front of `text`, with its blank line; 0: it has not ended yet.
size_t HeadBytes(absl::string_view text);

}  // namespace ringway::load
