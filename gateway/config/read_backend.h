// SPDX-License-Identifier: Apache-2.0
//
// One [[backend]] table by itself: its servers, and how sessions come to them.
#pragma once

#include "gateway/config/complaints.h"
#include "gateway/config/document.h"
#include "gateway/config/tables.h"

namespace ringway::config {

[[nodiscard]] BackendDraft ReadBackend(const Value& table, Complaints& complaints);

}  // namespace ringway::config
