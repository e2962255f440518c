// SPDX-License-Identifier: Apache-2.0
//
// Which server of a backend a session goes to: among those that are fit for it, the one that the
// backend's balance chooses.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gateway/base/counters.h"
#include "gateway/base/occupancy.h"
#include "gateway/base/server_health.h"
#include "gateway/base/socket_address.h"
#include "gateway/config/config.h"
#include "gateway/route/balance.h"

namespace ringway::route {

/// Servers of one backend, each by its place in Backend::servers.
using ServerSet = uint64_t;
static_assert(config::kServersPerBackendMax <= 64);

/// Where the servers of all backends stand in one row: what Occupancy and ServerHealth know them
/// by. REQUIRES of both functions: the backend is one of the configuration.
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

enum class ChoiceOutcome : uint8_t {
  kServer,
  kAllTried,     ///< the session has tried every server
  kAllFull,      ///< those that it has not tried and that are not down have all their sessions
  kNoneHealthy,  ///< probes call down all that it has not tried
};

struct Choice {
  ChoiceOutcome outcome = ChoiceOutcome::kAllTried;
  uint32_t server_index = 0;  ///< kServer: its place in Backend::servers

  friend bool operator==(const Choice&, const Choice&) = default;
};

/// What a choice looks at and counts in; all outlive it. Occupancy and health are shared with the
/// other workers.
struct ChoiceTables {
  base::Occupancy& occupancy;
  base::ServerHealth& health;
  base::Counters& counters;
};

/// How one worker's choices begin. WHY not all alike: workers take turns independently, and would
/// all begin with the same server.
struct ChoiceStart {
  uint32_t first = 0;  ///< the worker's number
  uint64_t seed = 0;   ///< of random_two
};

/// Owner: one worker; not shared between threads. Bounded by the configuration, no allocation after
/// construction. Looks at each server of the backend once, at most three times where most are not
/// fit. `config` and the tables must outlive it.
///
/// A server is dialled unless probes call it down or it has its sessions_per_server_max. One that
/// is ejected is dialled where no other is left: a session that could be lost anyway may as well
/// try it.
class ServerChoice {
 public:
  ServerChoice(const config::Config& config, const ChoiceTables& tables, ChoiceStart start);

  /// The server for a session of this backend that has `tried` some already; the session is counted
  /// there until Leave. `client`: what source_hash chooses by.
  /// REQUIRES: backend_index < config.backends.size().
  [[nodiscard]] Choice Enter(uint32_t backend_index, ServerSet tried,
                             const base::SocketAddress& client, uint64_t now_ns);
  void Leave(uint32_t backend_index, uint32_t server_index);
  /// Whether Enter would find a server at this moment.
  bool HasOther(uint32_t backend_index, ServerSet tried, uint64_t now_ns) const;

  /// A dial of the server failed, or did not end in time: what ejects it when it goes on. For
  /// kAvoidNs, or the eject_time where that is shorter, this worker takes it only where every other
  /// one was tried or failed too. WHY: a server that is dead has the fewest sessions, and each of
  /// the next ones would meet it until it is ejected. Not with source_hash: a client moves only
  /// when all workers agree. Returns whether the server is ejected from now on.
  bool OnFailed(uint32_t backend_index, uint32_t server_index, uint64_t now_ns);
  static constexpr uint64_t kAvoidNs = 1'000'000'000;

  /// A dial of the server succeeded. Returns whether that ends its ejection.
  bool OnConnected(uint32_t backend_index, uint32_t server_index);

 private:
  /// Which servers are looked at; each one those of the one before, and more.
  enum class Reach : uint8_t {
    kUsable,   ///< neither ejected nor avoided
    kAvoided,  ///< also those that failed a moment ago
    kEjected,  ///< all but those that are down
  };
  struct Backend {
    base::EjectionRules ejection;
    std::vector<int32_t> owed;          ///< round_robin: of each server
    std::vector<uint64_t> server_keys;  ///< source_hash: of each server
    uint32_t next = 0;                  ///< the server that is looked at first
    uint64_t avoid_ns = kAvoidNs;       ///< 0: source_hash
  };
  class Field;

  bool IsWithin(Reach reach, uint32_t place, uint64_t now_ns) const;
  void Fill(Field& field, uint32_t backend_index, Reach reach, uint64_t now_ns) const;
  size_t Pick(uint32_t backend_index, Candidates candidates, const base::SocketAddress& client);
  [[nodiscard]] bool TryEnter(uint32_t backend_index, uint32_t server_index, Reach reach,
                              uint64_t now_ns);
  ChoiceOutcome WhyNone(uint32_t backend_index, ServerSet tried) const;

  const config::Config& config_;
  ServerRow row_;
  ChoiceTables tables_;
  std::vector<Backend> backends_;
  std::vector<uint64_t> avoided_until_ns_;  ///< of each server, by its place in the row
  Chance chance_;
};

}  // namespace ringway::route
