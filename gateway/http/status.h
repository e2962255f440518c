// SPDX-License-Identifier: Apache-2.0
//
// The status codes that the gateway sends, and the one shape in which every room says "no" to an
// HTTP client: a status and a sentence that tells the client what is wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ringway::http {

/// RFC 9110 15 and, for 429 and 431, RFC 6585.
enum class Status : uint16_t {
  kSwitchingProtocols = 101,
  kOk = 200,
  kPartialContent = 206,
  kMovedPermanently = 301,
  kNotModified = 304,
  kBadRequest = 400,
  kForbidden = 403,
  kNotFound = 404,
  kMethodNotAllowed = 405,
  kRequestTimeout = 408,
  kPreconditionFailed = 412,
  kPayloadTooLarge = 413,
  kUriTooLong = 414,
  kRangeNotSatisfiable = 416,
  kUpgradeRequired = 426,
  kTooManyRequests = 429,
  kHeadTooLarge = 431,
  kInternalError = 500,
  kNotImplemented = 501,
  kBadGateway = 502,
  kServiceUnavailable = 503,
  kGatewayTimeout = 504,
  kVersionNotSupported = 505,
};

/// The longest `reason` that still leaves room for the head of a refusal in a 512-byte cell.
inline constexpr size_t kReasonBytesMax = 240;

/// What a 405 says is allowed.
enum class Allow : uint8_t { kGet, kGetAndHead };

/// `reason`: one English line of at most kReasonBytesMax bytes, without a line end, of static
/// storage. The client reads it as the body, the operator in the access log.
struct Refusal {
  Status status = Status::kBadRequest;
  std::string_view reason;
  Allow allow = Allow::kGet;

  friend bool operator==(const Refusal&, const Refusal&) = default;
};

}  // namespace ringway::http
