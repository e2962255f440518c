// SPDX-License-Identifier: Apache-2.0
//
// What a configuration may say and hardly means: it is served all the same.
#pragma once

#include "gateway/config/complaints.h"
#include "gateway/config/tables.h"

namespace ringway::config {

/// A backend that no route names, a listener without a route, a path with the marks of a pattern
/// of another language, a key whose feature this version has not.
void AddWarnings(const Draft& draft, Complaints& warnings);

}  // namespace ringway::config
