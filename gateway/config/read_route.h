// SPDX-License-Identifier: Apache-2.0
//
// One [[route]] table by itself: where clients ask for it, and what they get.
#pragma once

#include "gateway/config/complaints.h"
#include "gateway/config/document.h"
#include "gateway/config/tables.h"

namespace ringway::config {

/// Without its indices: listener and backend are still names (gateway/config/resolve.h).
[[nodiscard]] RouteDraft ReadRoute(const Value& table, Complaints& complaints);

}  // namespace ringway::config
