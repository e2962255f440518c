// SPDX-License-Identifier: Apache-2.0
//
// Runs a plan in a process of its own, so that a crash is a failure like any other.
#pragma once

#include <string>

#include "tests/sim/plan.h"

namespace ringway::sim {

/// What a run of `plan` fails with; empty: with nothing.
std::string FailureApart(const Plan& plan);

}  // namespace ringway::sim
