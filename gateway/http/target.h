// SPDX-License-Identifier: Apache-2.0
//
// What a request is about: the forms of its target and of its Host field.
#pragma once

#include <string_view>

#include "gateway/http/status.h"

namespace ringway::http {

/// The parts of a request target; views into the text that was read.
struct Target {
  std::string_view origin_form;
  std::string_view path;
  std::string_view query;
};

/// uri-host [ ":" port ] (RFC 9110 7.2, RFC 3986 3.2.2), not empty: a name, an IPv4 address, or an
/// IPv6 address in brackets, of which only the bytes are looked at; a port of at most 65535.
[[nodiscard]] bool IsHost(std::string_view text);

/// Reads a request-target (RFC 9112 3.2). Origin-form is taken as it is; absolute-form ("http:" or
/// "https:") only if its authority is `host`, since a request that names two hosts would be routed
/// by one and checked by the other. Authority-form, asterisk-form and fragments are refused.
/// nullptr: `*target` is set. Else why not, of static storage.
///
/// "http://host" stands for the path "/" (RFC 9110 4.2.3); "http://host?query" is refused, as its
/// origin-form is nowhere in the bytes.
[[nodiscard]] const Refusal* ReadTarget(std::string_view sent, std::string_view host,
                                        Target* target);

}  // namespace ringway::http
