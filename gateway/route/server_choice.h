// SPDX-License-Identifier: Apache-2.0
//
// Which server of a backend a session goes to: the one with the fewest sessions, over all workers.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gateway/base/occupancy.h"
#include "gateway/config/config.h"

namespace ringway::route {

/// Servers of one backend, each by its place in Backend::servers.
using ServerSet = uint64_t;
static_assert(config::kServersPerBackendMax <= 64);

/// Where the servers of all backends stand in one row: what Occupancy counts them by.
/// REQUIRES of both functions: the backend is one of the configuration.
class ServerRow {
 public:
  explicit ServerRow(const config::Config& config);
  uint32_t Place(uint32_t backend_index, uint32_t server_index) const {
    return first_[backend_index] + server_index;
  }
  uint32_t CountOf(uint32_t backend_index) const {
    return first_[backend_index + 1] - first_[backend_index];
  }
  /// All servers of all backends.
  uint32_t count() const { return first_.back(); }

 private:
  std::vector<uint32_t> first_;  ///< of each backend, and one behind the last
};

/// Owner: one worker; not shared between threads. Bounded by the configuration, no allocation after
/// construction. Among servers with equally few sessions it takes turns; workers take theirs
/// independently: give each its own `first` (its worker number), or all would begin with the same
/// server. `occupancy` must outlive it.
class ServerChoice {
 public:
  ServerChoice(const config::Config& config, base::Occupancy& occupancy, uint32_t first);

  /// Place in Backend::servers of the server for a session of this backend that has `tried` some
  /// already; the session is counted there until Leave. nullopt: it has tried them all.
  /// REQUIRES: backend_index < config.backends.size().
  [[nodiscard]] std::optional<uint32_t> Enter(uint32_t backend_index, ServerSet tried,
                                              uint64_t now_ns);
  void Leave(uint32_t backend_index, uint32_t server_index);

  /// A dial of the server failed: for kAvoidNs it is taken only where every other one was tried or
  /// failed too. WHY: a server that is dead has the fewest sessions.
  void OnFailed(uint32_t backend_index, uint32_t server_index, uint64_t now_ns);
  static constexpr uint64_t kAvoidNs = 5'000'000'000;

 private:
  ServerRow row_;
  base::Occupancy& occupancy_;
  std::vector<uint32_t> next_;              ///< of each backend, the server that is looked at first
  std::vector<uint64_t> avoided_until_ns_;  ///< of each server, by its place in the row
};

}  // namespace ringway::route
