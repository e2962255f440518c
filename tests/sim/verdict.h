// SPDX-License-Identifier: Apache-2.0
//
// What a run has shown: the first thing that was wrong, and, if asked for, everything that
// happened, line by line.
#pragma once

#include <cstdint>
#include <string>

#include "gateway/base/clock.h"

namespace ringway::sim {

/// Time is a number that the simulated kernel moves.
class SimClock : public base::Clock {
 public:
  uint64_t NowNs() override { return now_ns; }
  int64_t UnixSeconds() override {
    const int64_t since_start_s = static_cast<int64_t>(now_ns / 1'000'000'000);
    return 1'700'000'000 + since_start_s + (now_ns >= wall_step_at_ns ? wall_step_s : 0);
  }

  /// Not zero, which sessions take for "never".
  uint64_t now_ns = 1'000'000'000;
  int64_t wall_step_s = 0;  ///< the clock on the wall is set by so much at wall_step_at_ns
  uint64_t wall_step_at_ns = 0;
};

class Verdict {
 public:
  explicit Verdict(const SimClock& clock) : clock_(&clock) {}

  /// The first failure is kept: what follows is often its consequence.
  [[gnu::format(printf, 2, 3)]] void Fail(const char* format, ...);
  [[gnu::format(printf, 2, 3)]] void Trace(const char* format, ...);

  bool failed() const { return !failure_.empty(); }
  const std::string& failure() const { return failure_; }

  bool tracing = false;

 private:
  const SimClock* clock_;
  std::string failure_;
};

/// Evaluates its arguments only when a trace is wanted.
#define RINGWAY_TRACE(verdict, ...)                      \
  do {                                                   \
    if ((verdict).tracing) (verdict).Trace(__VA_ARGS__); \
  } while (false)

}  // namespace ringway::sim
