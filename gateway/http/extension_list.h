// SPDX-License-Identifier: Apache-2.0
//
// The form of Sec-WebSocket-Extensions (RFC 6455 9.1). What the extensions mean is for those to say
// who speak them.
#pragma once

#include <cstddef>
#include <string_view>

namespace ringway::http {

/// Whether the value is a list of `token *( ";" token [ "=" ( token / quoted-string ) ] )`, where
/// what a quoted string says is a token too. White space may stand around the separators (RFC 2616
/// 2.1, by which RFC 6455 is written), and empty elements count for nothing (RFC 9110 5.6.1.2).
/// Adds the extensions to `*count`; where the answer is false it has no meaning.
[[nodiscard]] bool IsExtensionList(std::string_view value, size_t* count);

}  // namespace ringway::http
