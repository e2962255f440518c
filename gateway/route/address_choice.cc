// SPDX-License-Identifier: Apache-2.0
//
// Turns over the addresses of one server.
#include "gateway/route/address_choice.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/route/balance.h"

namespace ringway::route {
namespace {

bool Has(AddressMask mask, uint32_t index) { return (mask >> index & 1U) != 0; }

AddressMask Bit(uint32_t index) { return static_cast<AddressMask>(1U << index); }

/// The first of `mask` from `from` on, around the end of a set of `count`. REQUIRES: mask != 0.
uint32_t NextOf(AddressMask mask, uint32_t from, size_t count) {
  auto index = static_cast<uint32_t>(from % count);
  while (!Has(mask, index)) index = index + 1 == count ? 0 : index + 1;
  return index;
}

}  // namespace

AddressChoice::AddressChoice(const config::Config& config,
                             std::unique_ptr<const ServerAddresses> addresses, uint32_t first)
    : config_(config), row_(config), addresses_(std::move(addresses)), servers_(row_.count()) {
  for (uint32_t backend = 0; backend < config.backends.size(); ++backend) {
    for (uint32_t server = 0; server < row_.CountOf(backend); ++server) {
      const size_t count = SetOf(backend, server).size();
      RINGWAY_CHECK(count > 0 && count <= kAddressesPerServerMax);
      servers_[row_.Place(backend, server)].next = static_cast<uint8_t>(first % count);
    }
  }
}

void AddressChoice::Replace(std::unique_ptr<const ServerAddresses> addresses) {
  const auto before = std::exchange(addresses_, std::move(addresses));
  for (uint32_t backend = 0; backend < config_.backends.size(); ++backend) {
    for (uint32_t index = 0; index < row_.CountOf(backend); ++index) {
      const AddressSet& set = SetOf(backend, index);
      const AddressSet& old = (*before)[backend][index];
      RINGWAY_CHECK(!set.empty() && set.size() <= kAddressesPerServerMax);
      if (set == old) continue;
      Server& server = servers_[row_.Place(backend, index)];
      const auto at = std::find(set.begin(), set.end(), old[server.answered]);
      server = {.next = static_cast<uint8_t>(server.next % set.size()),
                .answered = static_cast<uint8_t>(at == set.end() ? 0 : at - set.begin())};
    }
  }
}

std::optional<uint32_t> AddressChoice::Pick(uint32_t backend_index, uint32_t server_index,
                                            AddressMask tried, const base::SocketAddress& client,
                                            uint64_t now_ns) {
  const AddressSet& set = SetOf(backend_index, server_index);
  const auto untried = static_cast<AddressMask>(AllOf(set) & ~tried);
  if (untried == 0) return std::nullopt;
  Server& server = servers_[row_.Place(backend_index, server_index)];
  if (config_.backends[backend_index].balance == config::Balance::kSourceHash) {
    return PickByClient(server, set, untried, client, now_ns);
  }
  // Only a session that has tried nothing yet: the others have waited long enough.
  const bool may_retry = tried == 0 && server.failed != 0 && server.failed != AllOf(set);
  if (may_retry && now_ns >= server.retry_ns) {
    server.retry_ns = now_ns + kRetryNs;
    server.retried = static_cast<uint8_t>(NextOf(server.failed, server.retried + 1U, set.size()));
    return server.retried;
  }
  return PickInTurn(server, set, untried);
}

bool AddressChoice::HasOther(uint32_t backend_index, uint32_t server_index,
                             AddressMask tried) const {
  const Server& server = servers_[row_.Place(backend_index, server_index)];
  const bool all_failed = AllFailed(backend_index, server_index);
  const AddressMask hopeless = all_failed ? tried : tried | server.failed;
  return (AllOf(SetOf(backend_index, server_index)) & ~hopeless) != 0;
}

uint32_t AddressChoice::PickInTurn(Server& server, const AddressSet& set, AddressMask untried) {
  const auto live = static_cast<AddressMask>(untried & ~server.failed);
  if (live == 0) {
    if (Has(untried, server.answered)) return server.answered;
    // By turns too: a session may not have the time for all of them.
    const uint32_t last = NextOf(untried, server.next, set.size());
    server.next = static_cast<uint8_t>((last + 1) % set.size());
    return last;
  }
  const uint32_t picked = NextOf(live, server.next, set.size());
  server.next = static_cast<uint8_t>((picked + 1) % set.size());
  return picked;
}

// Not by turns: whoever comes again meets the same address, on every worker.
uint32_t AddressChoice::PickByClient(Server& server, const AddressSet& set, AddressMask untried,
                                     const base::SocketAddress& client, uint64_t now_ns) {
  const bool retries = now_ns >= server.retry_ns;
  auto fit = static_cast<AddressMask>(retries ? untried : untried & ~server.failed);
  if (fit == 0) fit = untried;
  std::array<Candidate, kAddressesPerServerMax> candidates;
  std::array<uint64_t, kAddressesPerServerMax> keys;
  size_t count = 0;
  for (uint32_t index = 0; index < set.size(); ++index) {
    keys[index] = ClientKey(set[index]);
    if (Has(fit, index)) candidates[count++] = {.server_index = index};
  }
  const size_t at = PickBySource({candidates.data(), count}, ClientKey(client), keys);
  const uint32_t picked = candidates[at].server_index;
  if (retries && Has(server.failed, picked)) server.retry_ns = now_ns + kRetryNs;
  return picked;
}

base::SocketAddress AddressChoice::At(uint32_t backend_index, uint32_t server_index,
                                      uint32_t address_index) const {
  const AddressSet& set = SetOf(backend_index, server_index);
  return address_index < set.size() ? set[address_index] : base::SocketAddress{};
}

void AddressChoice::OnFailed(uint32_t backend_index, uint32_t server_index, uint32_t address_index,
                             uint64_t now_ns) {
  if (address_index >= SetOf(backend_index, server_index).size()) return;
  Server& server = servers_[row_.Place(backend_index, server_index)];
  server.failed |= Bit(address_index);
  server.retry_ns = now_ns + kRetryNs;
}

void AddressChoice::OnConnected(uint32_t backend_index, uint32_t server_index,
                                uint32_t address_index) {
  if (address_index >= SetOf(backend_index, server_index).size()) return;
  Server& server = servers_[row_.Place(backend_index, server_index)];
  server.failed &= static_cast<AddressMask>(~Bit(address_index));
  server.answered = static_cast<uint8_t>(address_index);
}

bool AddressChoice::AllFailed(uint32_t backend_index, uint32_t server_index) const {
  return servers_[row_.Place(backend_index, server_index)].failed ==
         AllOf(SetOf(backend_index, server_index));
}

bool AddressChoice::IsKnownToFail(uint32_t backend_index, uint32_t server_index,
                                  uint32_t address_index) const {
  return Has(servers_[row_.Place(backend_index, server_index)].failed, address_index) &&
         !AllFailed(backend_index, server_index);
}

}  // namespace ringway::route
