// SPDX-License-Identifier: Apache-2.0
//
// Which of the worker's counters the seeds move. One that nothing moves counts what is not tested.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace ringway::sim {

/// The worker's counters, summed over all seeds, by name.
using Counts = std::map<std::string, uint64_t, std::less<>>;

/// Compares with the file of those counters that seeds hardly ever move: one a line, behind it the
/// test that does. Returns what is wrong; empty: each counter was moved or stands there.
std::string CompareCensus(const std::string& path, const Counts& counts);

}  // namespace ringway::sim
