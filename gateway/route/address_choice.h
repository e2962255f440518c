// SPDX-License-Identifier: Apache-2.0
//
// Which address of a server a session dials: a name may stand for several. Health, ejection and
// counts are the server's; what one worker knows of each address only sets the order.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "gateway/base/socket_address.h"
#include "gateway/config/config.h"
#include "gateway/route/server_choice.h"

namespace ringway::route {

/// Addresses that one name may stand for; more are left out. A session that meets none but dead
/// ones tries each: twice as many would only make it wait longer.
inline constexpr size_t kAddressesPerServerMax = 16;

/// 1 to kAddressesPerServerMax different ones, the preferred first (RFC 6724 6, RFC 8305 4); of a
/// unix server one without a family.
using AddressSet = std::vector<base::SocketAddress>;
/// [backend_index][server_index], for each server of the configuration.
using ServerAddresses = std::vector<std::vector<AddressSet>>;

/// Addresses of one server, each by its place in the set.
using AddressMask = uint16_t;
static_assert(kAddressesPerServerMax <= 16);

/// Owner: one worker; not shared between threads. Allocates when it is made, and never for a
/// session. Looks at each address of one server once. `config` must outlive it.
///
/// Sessions take the addresses in turn; with source_hash a client keeps to one. An address that
/// failed is dialled after the others, but each kRetryNs one session begins with one that did, so
/// that it is found when it comes back. Where all have failed, the one that answered last is first.
///
/// A place in a set means another address after Replace has changed the set: a session that dials
/// at that moment may try an address twice, leave one out, or mark the wrong one, which ends with
/// the next dial of it. REQUIRES of all functions: backend and server are the configuration's.
class AddressChoice {
 public:
  /// `first`: the worker's number. WHY: workers take turns independently, and would all begin with
  /// the same address.
  AddressChoice(const config::Config& config, std::unique_ptr<const ServerAddresses> addresses,
                uint32_t first);

  /// What was found out about a set that stays the same is kept; of one that changes, only which
  /// address answered last, if it is still there.
  void Replace(std::unique_ptr<const ServerAddresses> addresses);

  /// The address for a session that has `tried` some of the server's already; none: it has tried
  /// all. `client`: what source_hash chooses by.
  [[nodiscard]] std::optional<uint32_t> Pick(uint32_t backend_index, uint32_t server_index,
                                             AddressMask tried, const base::SocketAddress& client,
                                             uint64_t now_ns);
  /// Whether one that was not tried may fare better than one that does not answer: it did not fail
  /// when it was dialled last, or all did.
  bool HasOther(uint32_t backend_index, uint32_t server_index, AddressMask tried) const;

  /// Without a family where the set has become shorter.
  base::SocketAddress At(uint32_t backend_index, uint32_t server_index,
                         uint32_t address_index) const;

  /// A dial of the address failed, or did not end in time.
  void OnFailed(uint32_t backend_index, uint32_t server_index, uint32_t address_index,
                uint64_t now_ns);
  static constexpr uint64_t kRetryNs = 10'000'000'000;
  /// A dial of the address succeeded.
  void OnConnected(uint32_t backend_index, uint32_t server_index, uint32_t address_index);

  /// Whether every address failed when it was dialled last.
  bool AllFailed(uint32_t backend_index, uint32_t server_index) const;
  /// Whether this one did, and another one did not: that it fails again is no news.
  bool IsKnownToFail(uint32_t backend_index, uint32_t server_index, uint32_t address_index) const;

 private:
  struct Server {
    uint64_t retry_ns = 0;   ///< when one that failed is tried again
    AddressMask failed = 0;  ///< when they were dialled last
    uint8_t next = 0;        ///< whose turn it is
    uint8_t retried = 0;     ///< the last one that was tried again
    uint8_t answered = 0;    ///< the last one that did
  };

  static AddressMask AllOf(const AddressSet& set) {
    return static_cast<AddressMask>((1U << set.size()) - 1);
  }
  const AddressSet& SetOf(uint32_t backend_index, uint32_t server_index) const {
    return (*addresses_)[backend_index][server_index];
  }
  static uint32_t PickInTurn(Server& server, const AddressSet& set, AddressMask untried);
  static uint32_t PickByClient(Server& server, const AddressSet& set, AddressMask untried,
                               const base::SocketAddress& client, uint64_t now_ns);

  const config::Config& config_;
  ServerRow row_;
  std::unique_ptr<const ServerAddresses> addresses_;
  std::vector<Server> servers_;  ///< by their place in the row
};

}  // namespace ringway::route
