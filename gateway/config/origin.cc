// SPDX-License-Identifier: Apache-2.0
//
// No allocation: a request's Origin is parsed on the worker's thread.
#include "gateway/config/origin.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/ascii.h"
#include "gateway/config/text.h"

namespace ringway::config {
namespace {

/// RFC 3986 3.1.
bool IsScheme(std::string_view text) {
  return !text.empty() && absl::ascii_isalpha(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(c) || c == '+' || c == '-' || c == '.';
         });
}

/// A registered name or IPv4 address, or an IPv6 literal in brackets. Browsers send names already
/// in their ASCII form; extension ids are plain names, too.
bool IsHost(std::string_view text) {
  const bool v6 = text.size() > 2 && text.front() == '[' && text.back() == ']';
  if (v6) {
    text = text.substr(1, text.size() - 2);
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return absl::ascii_isxdigit(c) || c == ':' || c == '.'; });
  }
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.';
  });
}

uint16_t DefaultPort(std::string_view scheme) {
  if (EqualsIgnoreCase(scheme, "https") || EqualsIgnoreCase(scheme, "wss")) return 443;
  if (EqualsIgnoreCase(scheme, "http") || EqualsIgnoreCase(scheme, "ws")) return 80;
  return 0;
}

std::optional<uint16_t> ParsePort(std::string_view text) {
  uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped_at, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc() || stopped_at != end || port == 0) return std::nullopt;
  return port;
}

}  // namespace

std::optional<Origin> ParseOrigin(std::string_view text) {
  const size_t scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return std::nullopt;
  Origin origin{.scheme = text.substr(0, scheme_end), .host = text.substr(scheme_end + 3)};
  origin.port = DefaultPort(origin.scheme);
  const size_t colon = origin.host.rfind(':');
  const size_t bracket = origin.host.rfind(']');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  if (has_port) {
    const auto port = ParsePort(origin.host.substr(colon + 1));
    if (!port) return std::nullopt;
    origin.port = *port;
    origin.host = origin.host.substr(0, colon);
  }
  if (!IsScheme(origin.scheme) || !IsHost(origin.host)) return std::nullopt;
  return origin;
}

bool SameOrigin(const Origin& left, const Origin& right) {
  return left.port == right.port && EqualsIgnoreCase(left.scheme, right.scheme) &&
         EqualsIgnoreCase(left.host, right.host);
}

}  // namespace ringway::config
