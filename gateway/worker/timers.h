// SPDX-License-Identifier: Apache-2.0
//
// The worker's own timers, behind those of its sessions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "gateway/base/limits.h"

namespace ringway::worker {

enum class WorkerTimer : uint32_t {
  kDrain,   ///< the time for ending in order is over
  kAccept,  ///< accept is tried again
  kTrim,    ///< the memory of free buffers goes back
  kAge,     ///< names of files are forgotten
};
inline constexpr uint32_t kWorkerTimers = 4;

/// What one turn takes on of sessions whose time has come, or that are told of a drain and of its
/// end. The rest follows in the next, which does not wait: a turn of 65,536 sessions would keep
/// everybody else waiting for tens of milliseconds.
inline constexpr size_t kSessionsPerTurnMax = 1024;

/// Its place in the worker's wheel.
constexpr uint32_t TimerOf(WorkerTimer timer, const base::Limits& limits) {
  return limits.sessions_per_worker_max + static_cast<uint32_t>(timer);
}

}  // namespace ringway::worker
