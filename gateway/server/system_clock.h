// SPDX-License-Identifier: Apache-2.0
//
// The system's clocks.
#pragma once

#include <ctime>

#include "gateway/base/clock.h"

namespace ringway::server {

/// Any thread.
class SystemClock : public base::Clock {
 public:
  uint64_t NowNs() override {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
  }

  /// WHY coarse: it may be one timer tick late, and costs a quarter.
  int64_t UnixSeconds() override {
    timespec now{};
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return now.tv_sec;
  }
};

}  // namespace ringway::server
