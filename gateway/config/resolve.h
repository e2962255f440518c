// SPDX-License-Identifier: Apache-2.0
//
// What can only be seen by looking at several tables at once: names that lead nowhere or to two
// things, addresses taken twice, routes that no request can reach.
#pragma once

#include "gateway/config/complaints.h"
#include "gateway/config/config.h"
#include "gateway/config/tables.h"

namespace ringway::config {

/// The Config with its indices set; usable only if `complaints` is still empty afterwards.
[[nodiscard]] Config Resolve(Draft draft, Complaints& complaints);

}  // namespace ringway::config
