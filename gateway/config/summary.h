// SPDX-License-Identifier: Apache-2.0
//
// A configuration retold for people: what `ringway --check` prints.
#pragma once

#include <string>

#include "gateway/config/config.h"

namespace ringway::config {

/// Several lines, the last with its newline: gateway, listeners, routes, backends, and those limits
/// that differ from their default. Written for reading; its layout is no interface.
[[nodiscard]] std::string Summary(const Config& config);

}  // namespace ringway::config
