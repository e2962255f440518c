// SPDX-License-Identifier: Apache-2.0
//
// May a web page from this origin open a WebSocket here? Browsers do not apply their same-origin
// rule to WebSockets; the server has to look at the Origin field itself (RFC 6455 10.2).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "gateway/config/config.h"

namespace ringway::route {

enum class [[nodiscard]] OriginResult : uint8_t{kAllowed, kRefused};

/// A route without a list, or with "*", allows all. Else the field must name one of the listed
/// origins: scheme and host in any case, the scheme's default port written or not.
///
/// A request without an Origin field is allowed even with a list. Every browser sends the field, so
/// only other programs leave it out; they could forge it as well, and nothing is protected by
/// refusing them. Who has to keep programs out needs authentication, not this. "Origin: null"
/// (sandboxed pages, local files) is a field that names no listed origin: refused.
///
/// `origin`: the field's value as it came; nullopt: the request has no such field.
OriginResult CheckOrigin(const config::Route& route, std::optional<std::string_view> origin);

}  // namespace ringway::route
