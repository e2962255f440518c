// SPDX-License-Identifier: Apache-2.0
//
// The gateway's own answers, written into a buffer of the caller: the 101 that opens a WebSocket,
// and the short text that goes with every "no".
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "gateway/http/status.h"

namespace ringway::http {

/// Every refusal whose reason has at most kReasonBytesMax bytes fits in so many.
inline constexpr size_t kRefusalBytesMax = 480;

/// "Not Found" for kNotFound and so on (RFC 9110 15). Static storage.
[[nodiscard]] std::string_view ReasonPhrase(Status status);

/// Writes the server's opening handshake (RFC 6455 4.2.2) and returns its length in bytes; 0: it
/// does not fit, and `out` holds nothing of use. Without a subprotocol it has 129 bytes.
/// `websocket_key`: as the client sent it. `subprotocol`: empty, or what SelectSubprotocol chose.
[[nodiscard]] size_t BuildUpgradeResponse(std::string_view websocket_key,
                                          std::string_view subprotocol, std::span<char> out);

/// What becomes of the client's connection after the answer.
enum class AfterAnswer : uint8_t {
  kKeepOpen,
  kKeepOpenAsAsked,  ///< HTTP/1.0: it stays as the client has asked, and has to be told so.
  kClose,
};

/// The line that says so, with its end; empty where HTTP/1.1 means it anyway (RFC 9112 9.3).
[[nodiscard]] std::string_view ConnectionLine(AfterAnswer after);

/// Whether an answer's body follows its head. kOmitted: the answer to HEAD, whose Content-Length
/// still is that of the body which GET would bring (RFC 9110 9.3.2).
enum class AnswerBody : uint8_t { kSent, kOmitted };

/// Which one the beginning of a request asks for; also of one that is not whole or not good.
[[nodiscard]] AnswerBody AnswerBodyOf(std::string_view request);

/// Writes a whole response, head and a body of one text line, and returns its length in bytes; 0:
/// it does not fit. Where the connection ends with it, it says so. 405 says which method is
/// allowed, 426 which protocol is required (RFC 9110 7.8), 429 and 503 when to come again. `now_s`:
/// for the Date (6.6.1), in seconds since 1970; 0: it is not known.
[[nodiscard]] size_t BuildRefusal(const Refusal& refusal, std::span<char> out,
                                  AnswerBody body = AnswerBody::kSent,
                                  AfterAnswer after = AfterAnswer::kClose, int64_t now_s = 0);

/// Writes a whole 301 to `path`, as the client sent it, with a slash and its query behind it, for a
/// folder without its slash: what a page there names is to be found below it. Returns its length in
/// bytes; 0: it does not fit.
[[nodiscard]] size_t BuildSlashRedirect(std::string_view path, std::string_view query,
                                        AfterAnswer after, std::span<char> out, int64_t now_s = 0);

}  // namespace ringway::http
