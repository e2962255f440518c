// SPDX-License-Identifier: Apache-2.0
//
// Time comes in as an argument: the worker asks a Clock once a turn, and nobody else asks.
#pragma once

#include <cstdint>

namespace ringway::base {

/// A monotonic clock. Implemented over the system's by the server and over a number by tests.
class Clock {
 public:
  virtual ~Clock() = default;

  /// Nanoseconds since an arbitrary start; never goes back.
  virtual uint64_t NowNs() = 0;
};

inline constexpr uint64_t kNsPerMs = 1'000'000;

}  // namespace ringway::base
