// SPDX-License-Identifier: Apache-2.0
//
// What a request is about: the forms of its target and of its Host field.
#pragma once

#include <string_view>

#include "gateway/http/status.h"

namespace ringway::http {

/// The parts of a request target; views into the text that was read.
struct Target {
  /// Of absolute-form: its authority, which is good by IsHost. Empty: origin-form.
  std::string_view host;
  /// Begins with '/'; as it was sent.
  std::string_view path = "/";
  /// What follows the first '?'.
  std::string_view query;
  bool has_query = false;
};

/// uri-host [ ":" port ] (RFC 9110 7.2, RFC 3986 3.2.2), not empty: a name, an IPv4 address, or an
/// IPv6 address in brackets, of which only the bytes are looked at; a port of at most 65535.
[[nodiscard]] bool IsHost(std::string_view text);

/// Reads a request-target (RFC 9112 3.2): origin-form, or absolute-form with the scheme "http",
/// "https", "ws" or "wss", whose host then counts instead of the Host field (RFC 9112 3.2.2).
/// Authority-form, asterisk-form, fragments and user names are refused. "http://host" and
/// "http://host?query" have the path "/" (RFC 9110 4.2.3).
/// nullptr: `*target` is set. Else why not, of static storage.
[[nodiscard]] const Refusal* ReadTarget(std::string_view sent, Target* target);

}  // namespace ringway::http
