// SPDX-License-Identifier: Apache-2.0
//
// Every HTTP "no" of the gateway: which status for which cause, and the sentence that says so. One
// list, so that a test can prove that each fits into an answer, and so that no two places word the
// same refusal differently. tests/e2e/refusals.py has a request for each row.
#pragma once

#include <array>

#include "gateway/http/status.h"

namespace ringway::http {

// ---- The bytes of the head (head_scan.h) --------------------------------------------------------

inline constexpr Refusal kLooksLikeTls{
    Status::kBadRequest, "these bytes look like TLS, and this port speaks plain HTTP"};
inline constexpr Refusal kBareCarriageReturn{Status::kBadRequest,
                                             "a carriage return without a line feed behind it"};
inline constexpr Refusal kBareLineFeed{
    Status::kBadRequest, "a line feed without a carriage return before it; lines end with CR LF"};
inline constexpr Refusal kControlByte{Status::kBadRequest,
                                      "a control byte where the request head allows none"};
inline constexpr Refusal kRequestLineNotAscii{
    Status::kBadRequest, "the request line has a byte above 0x7e; percent-encode it"};
inline constexpr Refusal kRequestLineMalformed{
    Status::kBadRequest, "the request line is not 'METHOD TARGET HTTP/1.1' with single spaces"};
inline constexpr Refusal kVersionNotSupported{Status::kVersionNotSupported,
                                              "only HTTP/1.1 and HTTP/1.0 are spoken here"};
inline constexpr Refusal kFoldedLine{
    Status::kBadRequest,
    "a line of the head begins with white space; folded header fields are obsolete and refused"};
inline constexpr Refusal kSpaceBeforeColon{
    Status::kBadRequest, "white space between the name of a header field and its colon"};
inline constexpr Refusal kFieldWithoutColon{Status::kBadRequest, "a header field without a colon"};
inline constexpr Refusal kFieldNameMalformed{Status::kBadRequest,
                                             "the name of a header field is not a token"};
inline constexpr Refusal kTooManyFields{Status::kHeadTooLarge, "more than 100 header fields"};
inline constexpr Refusal kHeadTooLong{Status::kHeadTooLarge,
                                      "the request head is longer than this server accepts"};

// ---- What the fields say (request_head.cc) ------------------------------------------------------

inline constexpr Refusal kHeadMalformed{Status::kBadRequest, "the request head is malformed"};
inline constexpr Refusal kMethodUnknown{
    Status::kNotImplemented, "the request method is not known here; methods are in capitals"};
inline constexpr Refusal kConnectionMalformed{Status::kBadRequest,
                                              "the Connection field is not a list of tokens"};
inline constexpr Refusal kHostMissing{Status::kBadRequest, "the Host field is missing"};
inline constexpr Refusal kHostRepeated{Status::kBadRequest, "more than one Host field"};
inline constexpr Refusal kHostMalformed{Status::kBadRequest,
                                        "the Host field is not a host name with an optional port"};
inline constexpr Refusal kOriginRepeated{Status::kBadRequest, "more than one Origin field"};
inline constexpr Refusal kContentLengthRepeated{Status::kBadRequest,
                                                "more than one Content-Length"};
inline constexpr Refusal kContentLengthMalformed{
    Status::kBadRequest, "the Content-Length is not a number, or stands beside Transfer-Encoding"};
inline constexpr Refusal kTransferEncoding{
    Status::kBadRequest, "a request with a Transfer-Encoding is not accepted here"};
inline constexpr Refusal kBodyNotAccepted{Status::kPayloadTooLarge,
                                          "a request with a body is not accepted here"};
inline constexpr Refusal kTargetForm{
    Status::kBadRequest, "the request target has to be a path that begins with a slash"};
inline constexpr Refusal kTargetFragment{Status::kBadRequest,
                                         "the request target has a fragment ('#')"};
inline constexpr Refusal kTargetHostMalformed{
    Status::kBadRequest, "the host in the request target is not a name with an optional port"};

// ---- The opening handshake (upgrade.cc) ---------------------------------------------------------

inline constexpr Refusal kUpgradeVersion{
    Status::kVersionNotSupported,
    "a WebSocket is not opened over HTTP/1.0; a proxy in between has to speak HTTP/1.1 to this "
    "server (nginx: proxy_http_version 1.1)"};
inline constexpr Refusal kUpgradeMethod{Status::kMethodNotAllowed,
                                        "a WebSocket is opened with GET"};
inline constexpr Refusal kUpgradeNotInConnection{
    Status::kBadRequest,
    "'Upgrade: websocket' came without 'Connection: Upgrade'; a proxy in between may have taken "
    "it away"};
inline constexpr Refusal kWebSocketVersionRepeated{Status::kBadRequest,
                                                   "more than one Sec-WebSocket-Version"};
inline constexpr Refusal kWebSocketVersion{Status::kUpgradeRequired,
                                           "only Sec-WebSocket-Version 13 is spoken here"};
inline constexpr Refusal kWebSocketKeyMissing{Status::kBadRequest,
                                              "the Sec-WebSocket-Key is missing"};
inline constexpr Refusal kWebSocketKeyRepeated{Status::kBadRequest,
                                               "more than one Sec-WebSocket-Key"};
inline constexpr Refusal kWebSocketKeyMalformed{Status::kBadRequest,
                                                "the Sec-WebSocket-Key is not 16 bytes in base64"};
inline constexpr Refusal kSubprotocolMalformed{
    Status::kBadRequest, "an element of Sec-WebSocket-Protocol is not a token"};
inline constexpr Refusal kSubprotocolMissing{Status::kBadRequest,
                                             "Sec-WebSocket-Protocol names no subprotocol"};
inline constexpr Refusal kSubprotocolRepeated{Status::kBadRequest,
                                              "Sec-WebSocket-Protocol names one subprotocol twice"};
inline constexpr Refusal kSubprotocolsTooMany{
    Status::kBadRequest, "more than 32 subprotocols in Sec-WebSocket-Protocol"};
inline constexpr Refusal kExtensionsMalformed{
    Status::kBadRequest, "Sec-WebSocket-Extensions is not a list of extensions (RFC 6455 9.1)"};
inline constexpr Refusal kListFieldsTooMany{
    Status::kBadRequest, "more than 8 Sec-WebSocket-Protocol or Sec-WebSocket-Extensions fields"};

// ---- The way to a session (the rooms session and worker) ---------------------------------------

inline constexpr Refusal kRouteMissing{Status::kNotFound, "no route has this host and path"};
inline constexpr Refusal kUpgradeMissing{Status::kUpgradeRequired,
                                         "this address speaks WebSocket only"};
inline constexpr Refusal kOriginNotAllowed{Status::kForbidden, "this origin may not connect here"};
inline constexpr Refusal kSubprotocolTooLong{Status::kInternalError,
                                             "the name of the subprotocol is too long"};
inline constexpr Refusal kHeadTooSlow{Status::kRequestTimeout,
                                      "the request head did not come in time"};
inline constexpr Refusal kBackendHandshakesTooMany{
    Status::kServiceUnavailable,
    "too many handshakes wait for this backend's answer; try again later"};
inline constexpr Refusal kMemoryExhausted{Status::kServiceUnavailable,
                                          "the gateway has no memory left for a session"};
inline constexpr Refusal kSessionsMax{Status::kServiceUnavailable,
                                      "the gateway carries all sessions that it may"};
inline constexpr Refusal kSessionsPerAddress{Status::kTooManyRequests,
                                             "your address has all sessions that it may have"};
inline constexpr Refusal kAddressesTooMany{Status::kServiceUnavailable,
                                           "the gateway cannot count one more address"};
inline constexpr Refusal kSessionsOfRoute{Status::kServiceUnavailable,
                                          "this route carries all sessions that it may"};
inline constexpr Refusal kServersFull{Status::kServiceUnavailable,
                                      "every server carries all sessions that it may"};
inline constexpr Refusal kNoServerHealthy{Status::kServiceUnavailable,
                                          "no server of the backend is healthy"};
inline constexpr Refusal kShuttingDown{Status::kServiceUnavailable, "the gateway is shutting down"};
/// `why`: the dialler's sentence, of static storage.
constexpr Refusal BackendFailed(std::string_view why) { return {Status::kBadGateway, why}; }
inline constexpr Refusal kBackendTooSlow = BackendFailed("the backend did not answer in time");

inline constexpr std::array kRefusals{
    kLooksLikeTls,
    kBareCarriageReturn,
    kBareLineFeed,
    kControlByte,
    kRequestLineNotAscii,
    kRequestLineMalformed,
    kVersionNotSupported,
    kFoldedLine,
    kSpaceBeforeColon,
    kFieldWithoutColon,
    kFieldNameMalformed,
    kTooManyFields,
    kHeadTooLong,
    kHeadMalformed,
    kMethodUnknown,
    kConnectionMalformed,
    kHostMissing,
    kHostRepeated,
    kHostMalformed,
    kOriginRepeated,
    kContentLengthRepeated,
    kContentLengthMalformed,
    kTransferEncoding,
    kBodyNotAccepted,
    kTargetForm,
    kTargetFragment,
    kTargetHostMalformed,
    kUpgradeVersion,
    kUpgradeMethod,
    kUpgradeNotInConnection,
    kWebSocketVersionRepeated,
    kWebSocketVersion,
    kWebSocketKeyMissing,
    kWebSocketKeyRepeated,
    kWebSocketKeyMalformed,
    kSubprotocolMalformed,
    kSubprotocolMissing,
    kSubprotocolRepeated,
    kSubprotocolsTooMany,
    kExtensionsMalformed,
    kListFieldsTooMany,
    kRouteMissing,
    kUpgradeMissing,
    kOriginNotAllowed,
    kSubprotocolTooLong,
    kHeadTooSlow,
    kBackendHandshakesTooMany,
    kMemoryExhausted,
    kSessionsMax,
    kSessionsPerAddress,
    kAddressesTooMany,
    kSessionsOfRoute,
    kServersFull,
    kNoServerHealthy,
    kShuttingDown,
    kBackendTooSlow,
};

}  // namespace ringway::http
