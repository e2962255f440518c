// SPDX-License-Identifier: Apache-2.0
//
// The running gateway: one thread a worker, and their common beginning and end.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gateway/base/socket_address.h"
#include "gateway/config/config.h"
#include "gateway/files/shared_files.h"
#include "gateway/route/server_choice.h"
#include "gateway/server/listeners.h"
#include "gateway/server/logging_observer.h"
#include "gateway/server/prober.h"
#include "gateway/server/refresher.h"
#include "gateway/server/static_roots.h"
#include "gateway/server/system_clock.h"
#include "gateway/worker/worker.h"
#include "uring/kernel.h"

namespace ringway::server {

/// Used by the thread that made it.
class Gateway {
 public:
  /// Opens listeners and static roots and starts the workers, each with its own ring, memory and
  /// sockets. When this returns all of them accept. An error of any of them ends all.
  static absl::StatusOr<std::unique_ptr<Gateway>> Start(
      const std::shared_ptr<const config::Config>& config, uring::FeatureSet features);
  /// Joins the workers. REQUIRES: they were asked to drain, or have failed.
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  /// Asks all workers to end in order.
  void RequestDrain();

  /// Writes to the log what each worker that runs holds, and its counters that are not
  /// zero; and how dials of each server failed.
  void LogState();

  /// A descriptor that becomes readable when the last worker has ended.
  int done_fd() const { return done_fd_; }
  /// The first error that ended a worker. REQUIRES: done_fd is readable.
  absl::Status result() const;

  uint32_t workers() const { return static_cast<uint32_t>(threads_.size()); }
  const std::vector<base::SocketAddress>& addresses() const { return listeners_.addresses(); }

 private:
  struct Thread;
  class Opening;

  Gateway(std::shared_ptr<const config::Config> config, Listeners listeners, StaticRoots roots);
  void RunWorker(Thread& thread, uring::FeatureSet features,
                 std::shared_ptr<const worker::Snapshot> snapshot,
                 const std::shared_ptr<Opening>& opening);
  void EndWorker(absl::Status status);
  /// Calls `what` for each worker that runs, and wakes it.
  void Tell(const std::function<void(worker::Worker&)>& what);
  absl::Status StartProber(const std::shared_ptr<const config::Config>& config,
                           const worker::ServerAddresses& addresses);
  void FollowNames(const std::shared_ptr<const config::Config>& config,
                   const worker::ServerAddresses& addresses);
  void ForgetMoved(const route::ServerRow& row, const worker::ServerAddresses& before,
                   const worker::ServerAddresses& now);
  /// False: not every worker has taken them.
  bool PostAddresses(const worker::ServerAddresses& addresses);

  SystemClock clock_;
  LoggingObserver observer_;
  Listeners listeners_;
  StaticRoots roots_;
  /// Of the system, where a route is static.
  std::shared_ptr<const http::MediaTypes> media_types_ = std::make_shared<http::MediaTypes>("");
  std::shared_ptr<files::SharedFiles> shared_files_;
  std::shared_ptr<base::Occupancy> occupancy_;
  std::shared_ptr<base::ServerHealth> health_;
  const uint64_t seed_;
  std::vector<std::unique_ptr<Thread>> threads_;
  int done_fd_ = -1;
  /// Workers that have not ended: each takes one off at its end, and the one that reaches zero
  /// makes done_fd readable.
  std::atomic<uint32_t> running_{0};
  mutable std::mutex result_mutex_;  ///< at the end of a worker only
  absl::Status result_;
  std::unique_ptr<Prober> prober_;        ///< nullptr: no backend asks for probes
  std::unique_ptr<Refresher> refresher_;  ///< nullptr: no server has a name
};

/// Processors that this process may use.
uint32_t UsableProcessors();

}  // namespace ringway::server
