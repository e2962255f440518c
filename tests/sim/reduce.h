// SPDX-License-Identifier: Apache-2.0
//
// Makes a plan that fails smaller, as long as it fails in the same way.
#pragma once

#include <string>

#include "tests/sim/plan.h"

namespace ringway::sim {

/// What a run of `plan` fails with; empty: with nothing. It runs in a process of its own, so that a
/// crash is a failure like any other.
std::string FailureApart(const Plan& plan);

/// A plan of fewer stories, faults and bytes that fails as `plan` does, but for numbers. Tells on
/// stderr how far it is. REQUIRES: `failure` is what `plan` fails with.
Plan Reduce(const Plan& plan, const std::string& failure);

}  // namespace ringway::sim
