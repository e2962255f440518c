// SPDX-License-Identifier: Apache-2.0
//
// What a WebSocket backend can do wrong before bytes are opaque, and the one thing that keeps a
// good request from being forwarded: status and sentence, as in refusals.h. The client learns that
// it is not to blame, the operator what to look for.
#pragma once

#include <array>

#include "gateway/http/refusals.h"
#include "gateway/http/status.h"

namespace ringway::http {

/// The request is good and cannot be forwarded (forward_head.h).
inline constexpr Refusal kNotForwardable{
    Status::kHeadTooLarge,
    "the Host or what a proxy says of the client is too long to be forwarded, or the Connection "
    "field names too many others"};

// ---- The bytes of the answer's head (head_scan.h) -----------------------------------------------

inline constexpr Refusal kBackendCarriageReturn =
    BackendFailed("the backend's answer has a carriage return without a line feed behind it");
inline constexpr Refusal kBackendLineFeed =
    BackendFailed("the backend's answer has a line feed without a carriage return before it");
inline constexpr Refusal kBackendControlByte =
    BackendFailed("the backend's answer has a control byte where its head allows none");
inline constexpr Refusal kBackendStatusLine =
    BackendFailed("the backend's answer does not begin with 'HTTP/1.1 STATUS REASON'");
inline constexpr Refusal kBackendVersion =
    BackendFailed("the backend's answer is neither HTTP/1.1 nor HTTP/1.0");
inline constexpr Refusal kBackendFoldedLine =
    BackendFailed("the backend's answer has a folded header field");
inline constexpr Refusal kBackendSpaceBeforeColon =
    BackendFailed("the backend's answer has white space before the colon of a header field");
inline constexpr Refusal kBackendWithoutColon =
    BackendFailed("the backend's answer has a header field without a colon");
inline constexpr Refusal kBackendFieldName =
    BackendFailed("the backend's answer has a header field whose name is not a token");
inline constexpr Refusal kBackendTooManyFields =
    BackendFailed("the backend's answer has more than 100 header fields");
inline constexpr Refusal kBackendHeadTooLong =
    BackendFailed("the head of the backend's answer is too long");

// ---- What its fields say (backend_response.cc) --------------------------------------------------

inline constexpr Refusal kBackendLengthAndCoding =
    BackendFailed("the backend's answer has both Content-Length and Transfer-Encoding");
inline constexpr Refusal kBackendLengthsDiffer =
    BackendFailed("the backend's answer has Content-Length fields that differ");
inline constexpr Refusal kBackendLength =
    BackendFailed("the Content-Length of the backend's answer is not a number of at most 2^60");
inline constexpr Refusal kBackendCoding =
    BackendFailed("the Transfer-Encoding of the backend's answer is not 'chunked' alone");

inline constexpr Refusal kBackendNotRelayable = BackendFailed(
    "the head of the backend's answer is too long to be relayed, or its Connection field names too "
    "many others");

// ---- The opening handshake (switching_check.cc) -------------------------------------------------

inline constexpr Refusal kBackendSwitchingVersion =
    BackendFailed("the backend's 101 is not HTTP/1.1");
inline constexpr Refusal kBackendSwitchingUpgrade =
    BackendFailed("the backend's 101 does not have 'Upgrade: websocket'");
inline constexpr Refusal kBackendSwitchingConnection =
    BackendFailed("the backend's 101 does not have 'Connection: Upgrade'");
inline constexpr Refusal kBackendAccept = BackendFailed(
    "the backend's Sec-WebSocket-Accept is missing, repeated, or not the one for this key");
inline constexpr Refusal kBackendSubprotocolRepeated =
    BackendFailed("the backend's 101 has more than one Sec-WebSocket-Protocol");
inline constexpr Refusal kBackendSubprotocol =
    BackendFailed("the backend chose a subprotocol that the client did not offer");
inline constexpr Refusal kBackendExtensionsRepeated =
    BackendFailed("the backend's 101 has more than one Sec-WebSocket-Extensions");
inline constexpr Refusal kBackendExtension =
    BackendFailed("the backend chose an extension that the client did not offer");

// ---- When it comes ------------------------------------------------------------------------------

inline constexpr Refusal kBackendInterimTooMany =
    BackendFailed("the backend sent too many answers of class 1xx");
inline constexpr Refusal kBackendClosedEarly =
    BackendFailed("the backend closed the connection before it had answered");
inline constexpr Refusal kBackendAnswerTooSlow{
    Status::kGatewayTimeout, "the backend took the request and did not answer it in time"};

inline constexpr std::array kBackendRefusals{
    kNotForwardable,
    kBackendInterimTooMany,
    kBackendClosedEarly,
    kBackendAnswerTooSlow,
    kBackendCarriageReturn,
    kBackendLineFeed,
    kBackendControlByte,
    kBackendStatusLine,
    kBackendVersion,
    kBackendFoldedLine,
    kBackendSpaceBeforeColon,
    kBackendWithoutColon,
    kBackendFieldName,
    kBackendTooManyFields,
    kBackendHeadTooLong,
    kBackendLengthAndCoding,
    kBackendLengthsDiffer,
    kBackendLength,
    kBackendCoding,
    kBackendNotRelayable,
    kBackendSwitchingVersion,
    kBackendSwitchingUpgrade,
    kBackendSwitchingConnection,
    kBackendAccept,
    kBackendSubprotocolRepeated,
    kBackendSubprotocol,
    kBackendExtensionsRepeated,
    kBackendExtension,
};

}  // namespace ringway::http
