// SPDX-License-Identifier: Apache-2.0
//
// Looks the names of backend servers up again from time to time, on a thread of its own, so that no
// worker ever waits for a name server.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gateway/config/config.h"
#include "gateway/server/resolve.h"
#include "gateway/worker/snapshot.h"

namespace ringway::server {

/// Made and destroyed by one thread.
class Refresher {
 public:
  /// Called on the refresher's thread with addresses that differ from those before; never after the
  /// refresher's end.
  /// False: not all have taken them; they are published again when names are looked up again.
  using Publish = std::function<bool(const worker::ServerAddresses& addresses)>;

  /// Begins with a look-up one interval from now. `addresses`: those in use.
  Refresher(std::shared_ptr<const config::Config> config, worker::ServerAddresses addresses,
            LookUp look_up, Publish publish);
  /// Does not wait for a look-up that is under way: its answer goes nowhere.
  ~Refresher();
  Refresher(const Refresher&) = delete;
  Refresher& operator=(const Refresher&) = delete;

 private:
  struct State;
  static void Run(const std::shared_ptr<State>& state);
  /// With the state's mutex held.
  static void Take(State& state, worker::ServerAddresses found, const LookUpNotes& notes);

  /// Shared with the thread, which may outlive the refresher by a look-up.
  std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace ringway::server
