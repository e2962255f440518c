// SPDX-License-Identifier: Apache-2.0
//
// From the path that a client sent to the one that is matched, forwarded and looked up.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "gateway/http/request_head.h"
#include "gateway/http/status.h"
#include "gateway/route/table.h"
#include "gateway/session/held_head.h"

namespace ringway::session {

/// Room for the normal form of any path that a head may have.
using PathBytes = std::array<char, kChunkBytes>;

/// Puts the head's path into normal form; it then may be a view of `out`.
/// nullptr: done. Else why the request is refused.
[[nodiscard]] const http::Refusal* NormalizePath(http::RequestHead* head, PathBytes* out);

/// Whether everybody finds the same route by `sent`, the path as the client sent it: nullptr, or
/// why the request is refused. A path without any of the forms that are read in different ways
/// costs one look at its bytes. REQUIRES: NormalizePath took it, and put its normal form into
/// `head`.
[[nodiscard]] const http::Refusal* CheckReadings(const route::Table& table, uint32_t listener_index,
                                                 const http::RequestHead& head,
                                                 std::string_view sent);

}  // namespace ringway::session
