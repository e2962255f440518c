// SPDX-License-Identifier: Apache-2.0
//
// The command line of `simulate`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/world.h"

namespace ringway::sim {

inline constexpr const char* kUsage =
    "usage: simulate [--seeds A..B | --seed N | {--plan FILE}...] [--trace]\n"
    "                {--without FAULT}... [--story N] [--keep-going]\n"
    "                [--counters] [--census FILE]\n"
    "       simulate --seed N (--print-plan | --reduce) {--without FAULT}... [--story N]\n"
    "  Runs the worker on a simulated kernel, once for each seed, and stops at the first that\n"
    "  fails, with the line that replays it. What it prints is TAP.\n"
    "  --seeds A..B  these seeds, both included (default: 1..5000)\n"
    "  --seed N      this one\n"
    "  --plan FILE   a plan as --print-plan and --reduce print it\n"
    "  --without FAULT  this fault does not strike; all else is drawn as before\n"
    "  --story N     only the story of this number takes part\n"
    "  --print-plan  what the seed decides, as text, and nothing is run\n"
    "  --reduce      the smallest plan found that fails as the seed does, as text\n"
    "  --trace       every event of every seed\n"
    "  --keep-going  do not stop at a seed that fails\n"
    "  --census FILE  from 10,000 seeds on, each counter has to move, or to stand in FILE\n"
    "  --counters    the worker's counters and the faults, summed over all seeds\n"
    "  Exit code: 0 all is well, 1 a seed failed, 2 the command line was wrong.\n";

struct Options {
  uint64_t first = 1;
  uint64_t last = 5000;
  std::vector<std::string> plans;  ///< files of a plan each, instead
  std::string unmoved;             ///< a file of the counters that seeds do not move
  LeftOut left_out{};
  std::optional<size_t> story;  ///< the only one that takes part
  bool print_plan = false;
  bool reduce = false;
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
