// SPDX-License-Identifier: Apache-2.0
//
// One load run from the first connect to the report.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "bench/load/connection.h"
#include "bench/load/report.h"

namespace ringway::load {

struct LoadOptions {
  Plan plan;
  uint32_t connections = 1;
  /// Before the measured window, under the same load.
  uint64_t warmup_ns = 0;
  /// The measured window; when the plan has messages_max, the longest that it may last.
  uint64_t window_ns = 0;
  /// Processes whose CPU time is reported.
  std::vector<pid_t> server_pids;
};

/// Opens, warms up, measures, drains and closes. With messages_max there is no warm-up and the
/// window ends with the last message; messages that did not fit into it are missing.
LoadReport RunLoad(const LoadOptions& options, const std::string& url);

}  // namespace ringway::load
