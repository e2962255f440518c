// SPDX-License-Identifier: Apache-2.0
//
// What a worker is given: the configuration's snapshot, what it shares with others, its sockets.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "gateway/accept/acceptor.h"
#include "gateway/base/occupancy.h"
#include "gateway/base/server_health.h"
#include "gateway/files/shared_files.h"
#include "gateway/http/media_types.h"
#include "gateway/worker/snapshot.h"

namespace ringway::worker {

struct WorkerOptions {
  uint32_t index = 0;
  std::shared_ptr<const Snapshot> snapshot;
  /// Shared by all workers of the snapshot.
  std::shared_ptr<base::Occupancy> occupancy;
  /// The same, and the prober's; an entry for each server of the snapshot.
  std::shared_ptr<base::ServerHealth> health;
  /// What random_two begins with; another one for each gateway.
  uint64_t seed = 0;
  /// Sockets that listen, lent for the worker's life.
  std::vector<accept::ListeningSocket> sockets;
  /// An eventfd that another thread writes to after RequestDrain and PostAddresses; -1: nobody
  /// will.
  int wake_fd = -1;
  /// By Route::index: the root of a static route as a descriptor (O_PATH), lent for the worker's
  /// life; -1 for another mode.
  std::vector<int> roots;
  /// Shared by all workers; nullptr: no file is kept in memory.
  std::shared_ptr<files::SharedFiles> shared_files;
  /// The same; never nullptr.
  std::shared_ptr<const http::MediaTypes> media_types = std::make_shared<http::MediaTypes>("");
};

}  // namespace ringway::worker
