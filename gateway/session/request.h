// SPDX-License-Identifier: Apache-2.0
//
// The request that one call looks at, as it was read once for all phases.
#pragma once

#include <string_view>

#include "gateway/http/request_head.h"
#include "gateway/session/request_path.h"

namespace ringway::session {

/// A scratch place: it is right from where a head was parsed to the end of the call, while somebody
/// keeps what `text` views.
struct Request {
  Request() {}  // WHY not `= default`: 16 KiB would be cleared
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  http::RequestHead head;  ///< views `text` and `path_bytes`
  std::string_view text;   ///< from the head's first byte on; what came behind it may be missing
  PathBytes path_bytes;
};

}  // namespace ringway::session
