// SPDX-License-Identifier: Apache-2.0
//
// Many sessions that do nothing: what each costs the server in memory.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "bench/load/connection.h"
#include "bench/load/report.h"

namespace ringway::load {

struct IdleOptions {
  Plan plan;
  uint32_t connections = 1;
  uint64_t hold_ns = 0;
  std::vector<pid_t> server_pids;
};

/// Reads the servers' memory, opens the sessions, holds them (pings are answered), reads it again
/// at the end of the hold and closes them. A session that ends early is an error.
IdleReport RunIdle(const IdleOptions& options, const std::string& url);

}  // namespace ringway::load
