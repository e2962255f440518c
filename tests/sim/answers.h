// SPDX-License-Identifier: Apache-2.0
//
// What a simulated WebSocket service may answer to a handshake, written out: the service sends it,
// and the client knows what has to arrive of it.
#pragma once

#include <string>
#include <string_view>

#include "tests/sim/plan.h"

namespace ringway::sim {

/// RFC 6455 1.3: the key that every simulated client sends, and what answers it.
inline constexpr const char* kWebSocketKey = "dGhlIHNhbXBsZSBub25jZQ==";
inline constexpr const char* kWebSocketAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

struct AnswerText {
  int status = 0;
  std::string head;  ///< as the service sends it; interim answers stand in front of it
  std::string body;  ///< as it is on the wire, chunks and all
  /// What of the head says how long the body is: it has to arrive as it is. Empty: nothing does.
  std::string framing;
};

/// `number`: of the asking, from 0; it makes bodies differ.
AnswerText BuildAnswer(const Story& story, Answer answer, uint32_t number);

/// The value of a field of a head, by its name in any case; empty: there is none. It lives as long
/// as the head.
std::string_view FieldOf(std::string_view head, std::string_view name);
/// In lower case.
std::string Lower(std::string_view text);

}  // namespace ringway::sim
