// SPDX-License-Identifier: Apache-2.0
//
// Active health: one thread that asks the servers of those backends that want it, again and again,
// whether they are there, and writes what it finds into the table that all workers read.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <queue>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "gateway/base/server_health.h"
#include "gateway/config/config.h"
#include "gateway/server/probe.h"
#include "gateway/server/system_clock.h"
#include "gateway/worker/snapshot.h"

namespace ringway::server {

/// A server that probes have found to be up, or down.
struct ServerChange {
  uint32_t backend_index = 0;
  uint32_t server_index = 0;
  base::HealthChange change = base::HealthChange::kNone;
  std::string why;  ///< of the last probe that failed
};

/// The line for the log.
std::string DescribeChange(const config::Config& config, const ServerChange& change);

/// Whether any backend wants probes.
bool HasProbes(const config::Config& config);

/// Made and destroyed by one thread.
class Prober {
 public:
  /// Probes under way at once; further ones wait for these. Twice as many are twice the descriptors
  /// that the gateway needs beside its sessions.
  static constexpr size_t kProbesMax = 64;

  /// Called on the prober's thread; never after its end.
  using OnChange = std::function<void(const ServerChange& change)>;

  /// The first probe of each server comes within its interval, each at another time. `addresses`:
  /// those in use. RESOURCE_EXHAUSTED where there is no descriptor.
  static absl::StatusOr<std::unique_ptr<Prober>> Start(std::shared_ptr<const config::Config> config,
                                                       worker::ServerAddresses addresses,
                                                       std::shared_ptr<base::ServerHealth> health,
                                                       OnChange on_change);
  /// Waits for no probe.
  ~Prober();
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  /// Where servers are to be probed from now on. Any thread.
  void PostAddresses(worker::ServerAddresses addresses);

 private:
  /// A server that is probed.
  struct Target {
    uint32_t backend_index = 0;
    uint32_t server_index = 0;
    uint32_t place = 0;     ///< in ServerHealth
    uint32_t answered = 0;  ///< which of its addresses was good last, and is tried first
  };
  /// A probe under way. It tries the server's addresses one after the other until one is good.
  struct Running {
    size_t target = 0;  ///< its place in targets_
    uint64_t began_ns = 0;
    route::AddressSet addresses;  ///< those of the server when the probe began
    uint32_t first = 0;           ///< which of them was tried first
    uint32_t tried = 0;           ///< how many were, with the one that is being tried
    uint64_t due_ns = 0;          ///< when that is given up
    bool is_spared = false;       ///< one was, for want of something of ours
    Probe probe;
    uint32_t address() const {
      return (first + tried - 1) % static_cast<uint32_t>(addresses.size());
    }
  };

  Prober(std::shared_ptr<const config::Config> config, worker::ServerAddresses addresses,
         std::shared_ptr<base::ServerHealth> health, OnChange on_change);
  void Run();
  void TakePostedAddresses();
  void BeginDue(uint64_t now_ns);
  int WaitMs(uint64_t now_ns) const;
  void Wait(uint64_t now_ns);
  /// Tries the next address. REQUIRES: there is one.
  ProbeOutcome TryNext(Running& running, uint64_t now_ns);
  /// Goes on to the next address where one is bad. Whether the probe has ended.
  bool Take(Running& running, ProbeOutcome outcome, std::string why);
  void End(const Running& running, ProbeOutcome outcome, const std::string& why);
  const config::Health& HealthOf(size_t target) const {
    return config_->backends[targets_[target].backend_index].health;
  }
  uint64_t DeadlineNs(const Running& running) const {
    return running.began_ns + HealthOf(running.target).timeout_ns;
  }

  const std::shared_ptr<const config::Config> config_;
  const std::shared_ptr<base::ServerHealth> health_;
  const OnChange on_change_;
  int wake_fd_ = -1;  ///< readable: addresses were posted, or the end was asked for
  /// Set once before wake_fd_ is written; the thread sees it after it was woken.
  std::atomic<bool> ending_{false};
  std::mutex mutex_;
  std::optional<worker::ServerAddresses> posted_;  ///< under the mutex

  // The thread's own.
  SystemClock clock_;
  worker::ServerAddresses addresses_;
  std::vector<Target> targets_;
  /// When each target is probed next that is not being probed now: the earliest on top.
  using Due = std::pair<uint64_t, size_t>;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::vector<Running> running_;  ///< at most kProbesMax

  std::thread thread_;
};

}  // namespace ringway::server
