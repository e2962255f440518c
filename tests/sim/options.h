// SPDX-License-Identifier: Apache-2.0
//
// The command line of `simulate`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/sim/world.h"

namespace ringway::sim {

inline constexpr const char* kUsage =
    "usage: simulate [--seeds A..B | --seed N | --kept FILE] [--trace] [--keep-going]\n"
    "                [--counters]\n"
    "  Runs the worker on a simulated kernel, once for each seed, and stops at the first that\n"
    "  fails, with the line that replays it. What it prints is TAP.\n"
    "  --seeds A..B  these seeds, both included (default: 1..5000)\n"
    "  --seed N      this one\n"
    "  --kept FILE   those that FILE names, one a line: the seed, then what it has shown\n"
    "  --trace       every event of every seed\n"
    "  --keep-going  do not stop at a seed that fails\n"
    "  --counters    the worker's counters and the faults, summed over all seeds\n"
    "  Exit code: 0 all is well, 1 a seed failed, 2 the command line was wrong.\n";

struct Options {
  uint64_t first = 1;
  uint64_t last = 5000;
  std::string kept;  ///< a file of seeds, instead
  Tracing tracing = Tracing::kOff;
  bool keep_going = false;
  bool counters = false;
  bool help = false;
};

/// The whole of `text` as a number. False: it is none, or a larger one than seeds are.
bool ParseSeed(std::string_view text, uint64_t& seed);

/// Returns what is wrong with the line, as a sentence; empty: nothing is.
std::string ParseOptions(int argc, char** argv, Options& options);

}  // namespace ringway::sim
