// SPDX-License-Identifier: Apache-2.0
//
// Time comes in as an argument: the worker asks a Clock in each turn, and nobody else asks.
#pragma once

#include <cstdint>

namespace ringway::base {

/// Implemented over the system's clocks by the server and over a number by tests.
class Clock {
 public:
  virtual ~Clock() = default;

  /// Nanoseconds since an arbitrary start; never goes back.
  virtual uint64_t NowNs() = 0;

  /// Seconds since 1970 by the clock on the wall, which may be set back: for a Date, say.
  virtual int64_t UnixSeconds() = 0;
};

inline constexpr uint64_t kNsPerMs = 1'000'000;

}  // namespace ringway::base
