// SPDX-License-Identifier: Apache-2.0
//
// Makes a plan that fails smaller, as long as it fails in the same way.
#pragma once

#include <functional>
#include <string>

#include "tests/sim/plan.h"

namespace ringway::sim {

/// What a plan fails with; empty: with nothing.
using Judge = std::function<std::string(const Plan&)>;

/// A plan of fewer stories, faults and bytes that fails as `plan` does, but for numbers. Tells on
/// stderr how far it is. `failure`: what `judge` says of `plan`.
Plan Reduce(const Plan& plan, const std::string& failure, const Judge& judge);

}  // namespace ringway::sim
