// SPDX-License-Identifier: Apache-2.0
//
// Looks the names of backend servers up again from time to time, on a thread of its own, so that no
// worker ever waits for a name server.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "gateway/config/config.h"
#include "gateway/server/log.h"
#include "gateway/server/resolve.h"
#include "gateway/worker/snapshot.h"

namespace ringway::server {

/// Made and destroyed by one thread.
class Refresher {
 public:
  /// Called on the refresher's thread with addresses that differ from those before.
  using Publish = std::function<void(const worker::ServerAddresses& addresses)>;

  /// Begins with a look-up `interval_ns` from now. `addresses`: those in use.
  Refresher(std::shared_ptr<const config::Config> config, worker::ServerAddresses addresses,
            LookUp look_up, Publish publish);
  /// Waits for a look-up that is under way.
  ~Refresher();
  Refresher(const Refresher&) = delete;
  Refresher& operator=(const Refresher&) = delete;

 private:
  void Run();
  void Refresh();

  const std::shared_ptr<const config::Config> config_;
  worker::ServerAddresses addresses_;  ///< the thread's
  const LookUp look_up_;
  const Publish publish_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace ringway::server
