// SPDX-License-Identifier: Apache-2.0
//
// Which server of a backend the next session goes to: each in turn.
#pragma once

#include <cstdint>
#include <vector>

#include "gateway/config/config.h"

namespace ringway::route {

/// Owner: one worker; not shared between threads. Bounded by the configuration, no allocation after
/// construction. Workers turn independently: give each its own `first` (its worker number), or
/// all of them would send their first sessions to the same server.
class ServerChoice {
 public:
  ServerChoice(const config::Config& config, uint32_t first);

  /// Place in Backend::servers of the server for the next session of this backend.
  /// REQUIRES: backend_index < config.backends.size().
  [[nodiscard]] uint32_t Next(uint32_t backend_index);

 private:
  struct Turn {
    uint32_t next = 0;
    uint32_t count = 1;
  };
  std::vector<Turn> turns_;
};

}  // namespace ringway::route
