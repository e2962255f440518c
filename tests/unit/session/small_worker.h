// SPDX-License-Identifier: Apache-2.0
//
// The memory and the tables of a worker as small as one can be: what a session is lent, and what is
// taken away from it when others have it.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/config/config.h"
#include "gateway/session/environment.h"
#include "tests/unit/session/act.h"
#include "tests/unit/session/fake_files.h"
#include "tests/unit/session/fixed_peers.h"
#include "tests/unit/session/news_record.h"

namespace ringway::session {

struct HarnessOptions {
  std::string_view route{};     ///< lines of the route beyond path and backend
  std::string_view limits{};    ///< lines of [limits]
  std::string_view backend{};   ///< lines of the route's backend beyond its servers
  std::string_view listener{};  ///< lines of the listener beyond its address
  uint8_t addresses = 1;        ///< that each server's name stands for
  base::Arena::Counts counts = {8, 4, 192, 16, 16};
  /// Lines of a second route, "/ws" in websocket mode to the same backend; without, there is none.
  std::optional<std::string_view> websocket{};
  /// Lines of a last route, in static mode; without, there is none.
  std::optional<std::string_view> files{};
  std::string_view files_path = "/files/*";
};

class SmallWorker {
 public:
  static constexpr uint64_t kBeginNs = 1000 * kSecond;
  /// Of the worker's; the session's is the last one.
  static constexpr uint32_t kSlots = 4;
  static constexpr uint32_t kSlot = kSlots - 1;
  static constexpr base::SocketAddress kClientAddress{
      .family = base::AddressFamily::kIpv4, .port = 50000, .bytes = {192, 0, 2, 9}};

  explicit SmallWorker(const HarnessOptions& options);
  SmallWorker(const SmallWorker&) = delete;
  SmallWorker& operator=(const SmallWorker&) = delete;

  /// From now on clients begin with this one, which must outlive them.
  void Renew(Snapshot& snapshot) { environment_->snapshot = &snapshot; }
  void Advance(uint64_t ns) { environment_->now_ns += ns; }
  uint64_t now_ns() const { return environment_->now_ns; }

  /// Somebody else takes all buffers of a pooled class but `left`.
  void Hoard(base::BufferClass c, uint32_t left);
  /// Other sessions hold all cells that they may.
  void HoardCells();
  /// Other sessions hold all chunks that an account of held ones may have, but `left`.
  void HoardHeld(base::AccountId account, uint32_t left);
  void Release() { hoard_.clear(); }

  const Environment* environment() const { return &*environment_; }
  /// Of its own options.
  Snapshot& snapshot() { return *snapshot_; }
  /// What other workers' sessions would share.
  base::Occupancy& occupancy() { return *occupancy_; }
  base::ServerHealth& health() { return *health_; }
  FakeFiles& files() { return files_; }
  uint32_t on_files() const;
  const base::Counters& counters() const { return counters_; }
  const std::vector<std::string>& news() const { return news_.lines; }
  const flow::Stores& stores() const { return stores_; }
  /// Buffers of the class that the session holds; chunks that are charged to an account.
  uint32_t leased(base::BufferClass c) const;
  uint32_t held(base::AccountId account) const { return arena_.held(account); }

 protected:
  /// Nobody has left anything behind: no lease, no place on a server or a route.
  void ExpectNothingHeld();

  std::shared_ptr<const config::Config> config_;
  base::Arena arena_;
  flow::SlicePool slices_;
  flow::Stores stores_;
  base::Counters counters_;
  FakeFiles files_{arena_};
  NewsRecord news_;
  FixedPeers peers_{kClientAddress};
  http::MediaTypes media_types_{"text/html html\ntext/css css\n"};
  std::optional<route::Table> table_;
  std::optional<base::Occupancy> occupancy_;
  std::optional<base::ServerHealth> health_;
  std::optional<route::ServerChoice> servers_;
  std::optional<route::AddressChoice> addresses_;
  std::optional<Snapshot> snapshot_;
  std::optional<Environment> environment_;
  std::vector<base::Lease> hoard_;
};

}  // namespace ringway::session
