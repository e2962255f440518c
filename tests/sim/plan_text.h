// SPDX-License-Identifier: Apache-2.0
//
// A plan as text: what once failed is kept so, since a seed changes its meaning whenever plans are
// drawn in another way. A line names a field and its value; what is not named is as in Plan().
#pragma once

#include <string>
#include <string_view>

#include "tests/sim/plan.h"

namespace ringway::sim {

std::string WritePlan(const Plan& plan);

/// Returns what is wrong, with its line; empty: `plan` is what `text` says.
std::string ReadPlan(std::string_view text, Plan& plan);

}  // namespace ringway::sim
