// SPDX-License-Identifier: Apache-2.0
//
// getaddrinfo for every server of every backend that has a name.
#include "gateway/server/resolve.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gateway/server/address.h"
#include "gateway/server/log.h"

namespace ringway::server {
namespace {

bool IsUnix(const config::Server& server) { return !server.unix_path.empty(); }

/// Whether there is a name to look up: numbers and paths stand for themselves.
bool HasName(const config::Server& server) {
  sockaddr_storage address;
  return !IsUnix(server) && ToSockaddr(server.host.c_str(), server.port, &address) == 0;
}

bool Contains(const route::AddressSet& set, const base::SocketAddress& address) {
  return std::find(set.begin(), set.end(), address) != set.end();
}

/// The families by turns, beginning with that of the first, each in its order; no address twice.
route::AddressSet Interleaved(const route::AddressSet& found) {
  if (found.empty()) return {};
  std::array<route::AddressSet, 2> families;
  for (const base::SocketAddress& address : found) {
    route::AddressSet& family = families[address.family == found.front().family ? 0 : 1];
    if (!Contains(family, address)) family.push_back(address);
  }
  route::AddressSet set;
  for (size_t i = 0; i < std::max(families[0].size(), families[1].size()); ++i) {
    for (const route::AddressSet& family : families) {
      if (i < family.size()) set.push_back(family[i]);
    }
  }
  return set;
}

/// As many of `found` as a server may have, in their order: those in `kept` and then the first.
route::AddressSet Bounded(const route::AddressSet& found, const route::AddressSet& kept) {
  const auto is_kept = [&](const base::SocketAddress& each) { return Contains(kept, each); };
  const auto kept_count = std::count_if(found.begin(), found.end(), is_kept);
  size_t room = route::kAddressesPerServerMax - static_cast<size_t>(kept_count);
  route::AddressSet set;
  for (const base::SocketAddress& address : found) {
    if (!is_kept(address) && room == 0) continue;
    if (!is_kept(address)) --room;
    set.push_back(address);
  }
  return set;
}

bool HaveSameAddresses(const route::AddressSet& one, const route::AddressSet& another) {
  return one.size() == another.size() &&
         std::is_permutation(one.begin(), one.end(), another.begin());
}

std::string LeftOutText(const config::Backend& backend, const config::Server& server,
                        size_t count) {
  return absl::StrCat("backend \"", backend.name, "\": ", server.host, " stands for ", count,
                      " addresses; ", route::kAddressesPerServerMax, " of them are used");
}

bool HasSourceFor(const config::Backend& backend, base::AddressFamily family) {
  return backend.sources.empty() ||
         std::any_of(backend.sources.begin(), backend.sources.end(),
                     [&](const base::SocketAddress& source) { return source.family == family; });
}

/// Those of the server's addresses that can be reached from the backend's sources; of a unix socket
/// one address without a family.
absl::StatusOr<route::AddressSet> Reachable(const config::Backend& backend,
                                            const config::Server& server, const LookUp& look_up) {
  if (IsUnix(server)) return route::AddressSet(1);
  auto found = look_up(server);
  if (!found.ok()) return found.status();
  std::erase_if(*found, [&](const base::SocketAddress& address) {
    return !HasSourceFor(backend, address.family);
  });
  if (!found->empty()) return Interleaved(*found);
  return absl::NotFoundError(
      absl::StrCat(server.host, ": no address of a family that `source` has an address of"));
}

std::string Failure(const config::Backend& backend, const absl::Status& status) {
  return absl::StrCat("backend \"", backend.name, "\": ", std::string(status.message()));
}

}  // namespace

absl::StatusOr<route::AddressSet> LookUpBySystem(const config::Server& server) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(server.host.c_str(), std::to_string(server.port).c_str(), &hints, &found);
  if (error != 0) {
    return absl::NotFoundError(absl::StrCat(server.host, ": ", gai_strerror(error)));
  }
  route::AddressSet addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    addresses.push_back(FromSockaddr(each->ai_addr));
  }
  freeaddrinfo(found);
  return addresses;
}

absl::StatusOr<worker::ServerAddresses> ResolveAll(const config::Config& config,
                                                   const LookUp& look_up, LookUpNotes* notes) {
  worker::ServerAddresses addresses;
  for (const config::Backend& backend : config.backends) {
    std::vector<route::AddressSet>& servers = addresses.emplace_back();
    for (const config::Server& server : backend.servers) {
      const auto found = Reachable(backend, server, look_up);
      if (!found.ok()) {
        notes->failures.push_back(Failure(backend, found.status()));
        continue;
      }
      servers.push_back(Bounded(*found, {}));
      if (found->size() > route::kAddressesPerServerMax) {
        notes->left_out.push_back(LeftOutText(backend, server, found->size()));
      }
    }
  }
  if (notes->failures.empty()) return addresses;
  return absl::NotFoundError(absl::StrCat("cannot resolve ", absl::StrJoin(notes->failures, "; "),
                                          ": check the name, /etc/hosts and the name server"));
}

worker::ServerAddresses ResolveAgain(const config::Config& config, const LookUp& look_up,
                                     worker::ServerAddresses addresses, LookUpNotes* notes) {
  for (size_t i = 0; i < config.backends.size(); ++i) {
    const config::Backend& backend = config.backends[i];
    for (size_t j = 0; j < backend.servers.size(); ++j) {
      if (!HasName(backend.servers[j])) continue;
      const auto found = Reachable(backend, backend.servers[j], look_up);
      if (!found.ok()) {
        notes->failures.push_back(Failure(backend, found.status()));
        continue;
      }
      route::AddressSet set = Bounded(*found, addresses[i][j]);
      if (HaveSameAddresses(set, addresses[i][j])) continue;
      addresses[i][j] = std::move(set);
      if (found->size() > route::kAddressesPerServerMax) {
        notes->left_out.push_back(LeftOutText(backend, backend.servers[j], found->size()));
      }
    }
  }
  return addresses;
}

bool HasNames(const config::Config& config) {
  return std::any_of(config.backends.begin(), config.backends.end(), [](const auto& backend) {
    return std::any_of(backend.servers.begin(), backend.servers.end(), HasName);
  });
}

absl::StatusOr<std::shared_ptr<const worker::Snapshot>> BuildSnapshot(
    std::shared_ptr<const config::Config> config) {
  LookUpNotes notes;
  auto addresses = ResolveAll(*config, LookUpBySystem, &notes);
  if (!addresses.ok()) return addresses.status();
  for (const std::string& text : notes.left_out) LogLine(config::LogLevel::kWarn, text);
  route::Table table(config);
  return std::make_shared<const worker::Snapshot>(worker::Snapshot{
      .config = std::move(config), .table = std::move(table), .addresses = *std::move(addresses)});
}

}  // namespace ringway::server
