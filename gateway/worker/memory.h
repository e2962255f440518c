// SPDX-License-Identifier: Apache-2.0
//
// Everything a worker may ever hold, reserved at start: nothing is allocated on the message path.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "gateway/base/arena.h"
#include "gateway/base/fifo.h"
#include "gateway/base/ids.h"
#include "gateway/base/limits.h"
#include "gateway/base/occupancy.h"
#include "gateway/base/server_health.h"
#include "gateway/base/slab.h"
#include "gateway/base/timing_wheel.h"
#include "gateway/config/config.h"
#include "gateway/files/files.h"
#include "gateway/flow/stores.h"
#include "gateway/worker/opening.h"
#include "gateway/worker/slot_list.h"
#include "gateway/worker/slots.h"

namespace ringway::worker {

/// Where files come from, as WorkerOptions has it.
struct FileSources {
  std::vector<int> roots;
  std::shared_ptr<files::SharedFiles> shared;
  uint64_t seed = 0;
};

/// One worker's; address space until it is used. One thread.
struct Memory {
  base::Arena arena;
  base::Slab<Link> links;  ///< two for each session
  base::Slab<Slot> slots;
  base::Slab<Download> downloads;  ///< one for each session
  base::Slab<Opening> openings;    ///< the same
  files::Files files;
  flow::SlicePool slices;
  base::TimingWheel wheel;                 ///< one timer for each session, and the worker's own
  base::Fifo<base::LinkId> due;            ///< links with something to send
  base::Fifo<base::LinkId> waiting;        ///< links that are armed at the end of a turn
  base::Fifo<base::LinkId> downloads_due;  ///< links of clients whose file can go on, or have ended
  base::Fifo<uint32_t> ended;              ///< sessions without links
  base::Fifo<uint32_t> backend_gone;       ///< sessions whose backend link has gone
  base::Fifo<StalledPipe> stalled;         ///< pipes whose target was full, oldest first
  SlotList half_open;                      ///< connections without a whole request, oldest first
  SlotList large_heads;                    ///< those of them that hold a chunk
  SlotList resting;                        ///< connections between two requests

  /// RESOURCE_EXHAUSTED, with the limit to lower, where address space is not to be had.
  static absl::StatusOr<Memory> Reserve(const config::Config& config, FileSources sources,
                                        uint64_t now_ms);
};

/// The counts that the workers of one configuration share, with room for all sessions that they may
/// have. `seed`: secret, by chance.
absl::StatusOr<base::Occupancy> MapOccupancy(const config::Config& config, uint32_t workers,
                                             uint64_t seed);

/// What those workers find out about the servers of the configuration.
absl::StatusOr<base::ServerHealth> MapServerHealth(const config::Config& config);

/// The worker's own timers, behind those of its sessions.
inline constexpr uint32_t kWorkerTimers = 5;

}  // namespace ringway::worker
