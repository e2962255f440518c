// SPDX-License-Identifier: Apache-2.0
//
// When the messages of an open loop are due: each connection sends one a period whatever comes
// back, and the connections' turns are spread evenly over the period.
#pragma once

#include <cmath>
#include <cstdint>

namespace ringway::load {

/// Times are nanoseconds of the monotonic clock. A plain value; connections are numbered from 0.
struct Pace {
  /// Between two messages of one connection. 0: a closed loop, and nothing is ever due.
  uint64_t period_ns = 0;
  uint32_t connections = 1;
  /// When connection 0 begins its first message.
  uint64_t start_ns = 0;

  /// The period of `rate` messages a second, at least 1 ns; 0 for a rate of 0.
  static uint64_t PeriodNs(double rate) {
    if (rate <= 0) return 0;
    const double period_ns = std::round(1e9 / rate);
    return period_ns < 1 ? 1 : static_cast<uint64_t>(period_ns);
  }

  bool open_loop() const { return period_ns != 0; }

  /// When a connection's message `sequence` (from 0) is due.
  uint64_t DueNs(uint32_t connection, uint64_t sequence) const {
    return start_ns + sequence * period_ns + period_ns * connection / connections;
  }

  /// How many messages of a connection have been due until `now_ns`, that time included.
  uint64_t CountDue(uint32_t connection, uint64_t now_ns) const {
    const uint64_t first_ns = DueNs(connection, 0);
    return !open_loop() || now_ns < first_ns ? 0 : (now_ns - first_ns) / period_ns + 1;
  }
};

}  // namespace ringway::load
