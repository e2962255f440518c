// SPDX-License-Identifier: Apache-2.0
//
// How many sessions there are, over all workers: in all, of each route, on each backend server,
// from each client address. The only numbers that workers share; touched when a session opens and
// ends, never for a message.
#pragma once

#include <atomic>
#include <cstdint>

#include "absl/status/statusor.h"
#include "gateway/base/mapping.h"
#include "gateway/base/socket_address.h"

namespace ringway::base {

enum class [[nodiscard]] Admission : uint8_t{
    kAdmitted,
    kLimitReached,  ///< as many as permitted are there
    kNoRoom,        ///< the table of addresses has no room for one more
};

/// Fixed size, lock-free. Any thread. Whoever was admitted leaves exactly once. A `max` of 0 is no
/// limit.
class Occupancy {
 public:
  struct Shape {
    uint32_t routes = 0;
    uint32_t servers = 0;  ///< of all backends together
    /// Client addresses that are counted at once; 0: addresses are not counted.
    uint32_t addresses = 0;
    /// Secret: a client that knew it could choose addresses that fill one bucket of the table.
    uint64_t seed = 0;
  };

  /// RESOURCE_EXHAUSTED where address space is not to be had.
  static absl::StatusOr<Occupancy> Map(const Shape& shape);

  Admission Enter(uint32_t max) { return Raise(cell(0), max); }
  void Leave() { Lower(cell(0)); }

  Admission EnterRoute(uint32_t route, uint32_t max) { return Raise(cell(1 + route), max); }
  void LeaveRoute(uint32_t route) { Lower(cell(1 + route)); }

  Admission EnterServer(uint32_t server, uint32_t max) {
    return Raise(cell(1 + routes_ + server), max);
  }
  void LeaveServer(uint32_t server) { Lower(cell(1 + routes_ + server)); }

  uint32_t sessions() const { return cell(0).load(kRelaxed); }
  uint32_t of_route(uint32_t route) const { return cell(1 + route).load(kRelaxed); }
  uint32_t on_server(uint32_t server) const { return cell(1 + routes_ + server).load(kRelaxed); }

  /// What EnterAddress counted; kNothing: there was nothing to count.
  using AddressSlot = uint32_t;
  static constexpr AddressSlot kNothing = 0xffff'ffff;

  /// Counts a session of this client: of its IPv4 address, or of its IPv6 /64 network, which is
  /// what one customer gets. On kAdmitted `*slot` is what LeaveAddress wants back.
  Admission EnterAddress(const SocketAddress& client, uint32_t max, AddressSlot* slot);
  void LeaveAddress(AddressSlot slot);

 private:
  static constexpr auto kRelaxed = std::memory_order_relaxed;
  using Cell = std::atomic<uint32_t>;
  /// Upper 40 bits: which address; lower 24: its sessions. Free while there are none.
  using Entry = std::atomic<uint64_t>;
  static_assert(Cell::is_always_lock_free && Entry::is_always_lock_free);

  struct Key {
    uint64_t tag;  ///< in place in an Entry
    uint32_t buckets[2];
  };

  Occupancy(Mapping cells, Mapping entries, const Shape& shape, uint32_t buckets);
  static Admission Raise(Cell& cell, uint32_t max);
  static void Lower(Cell& cell);
  Key KeyOf(const SocketAddress& client) const;

  Cell& cell(uint32_t index) const { return reinterpret_cast<Cell*>(cells_.data())[index]; }
  Entry& entry(uint32_t index) const { return reinterpret_cast<Entry*>(entries_.data())[index]; }

  Mapping cells_;    ///< all, then routes, then servers
  Mapping entries_;  ///< buckets of a cache line each
  uint32_t routes_;
  uint32_t buckets_;  ///< a power of two; 0: addresses are not counted
  uint64_t seed_;
};

}  // namespace ringway::base
