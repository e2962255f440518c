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

namespace ringway::server {
namespace {

bool IsUnix(const config::Server& server) { return !server.unix_path.empty(); }

/// Whether there is a name to look up: numbers and paths stand for themselves.
bool HasName(const config::Server& server) {
  sockaddr_storage address;
  return !IsUnix(server) && ToSockaddr(server.host.c_str(), server.port, &address) == 0;
}

bool IsIpv6Loopback(const base::SocketAddress& address) {
  constexpr std::array<uint8_t, 16> kLoopback = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return address.family == base::AddressFamily::kIpv6 && address.bytes == kLoopback;
}

bool HasSourceFor(const config::Backend& backend, base::AddressFamily family) {
  return backend.sources.empty() ||
         std::any_of(backend.sources.begin(), backend.sources.end(),
                     [&](const base::SocketAddress& source) { return source.family == family; });
}

/// Those of the server's addresses that can be reached from the backend's sources; of a unix socket
/// one address without a family.
absl::StatusOr<std::vector<base::SocketAddress>> Reachable(const config::Backend& backend,
                                                           const config::Server& server,
                                                           const LookUp& look_up) {
  if (IsUnix(server)) return std::vector<base::SocketAddress>(1);
  auto found = look_up(server);
  if (!found.ok()) return found.status();
  std::erase_if(*found, [&](const base::SocketAddress& address) {
    return !HasSourceFor(backend, address.family);
  });
  if (!found->empty()) return found;
  return absl::NotFoundError(
      absl::StrCat(server.host, ": no address of a family that `source` has an address of"));
}

std::string Failure(const config::Backend& backend, const absl::Status& status) {
  return absl::StrCat("backend \"", backend.name, "\": ", std::string(status.message()));
}

}  // namespace

absl::StatusOr<std::vector<base::SocketAddress>> LookUpBySystem(const config::Server& server) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(server.host.c_str(), std::to_string(server.port).c_str(), &hints, &found);
  if (error != 0) {
    return absl::NotFoundError(absl::StrCat(server.host, ": ", gai_strerror(error)));
  }
  std::vector<base::SocketAddress> addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    addresses.push_back(FromSockaddr(each->ai_addr));
  }
  freeaddrinfo(found);
  // WHY: "localhost" stands for ::1 first on many machines, and services listen on 127.0.0.1.
  std::stable_partition(addresses.begin(), addresses.end(), [](const base::SocketAddress& address) {
    return !IsIpv6Loopback(address);
  });
  return addresses;
}

absl::StatusOr<worker::ServerAddresses> ResolveAll(const config::Config& config,
                                                   const LookUp& look_up) {
  worker::ServerAddresses addresses;
  std::vector<std::string> failures;
  for (const config::Backend& backend : config.backends) {
    std::vector<base::SocketAddress>& servers = addresses.emplace_back();
    for (const config::Server& server : backend.servers) {
      const auto found = Reachable(backend, server, look_up);
      if (found.ok()) {
        servers.push_back(found->front());
      } else {
        failures.push_back(Failure(backend, found.status()));
      }
    }
  }
  if (failures.empty()) return addresses;
  return absl::NotFoundError(absl::StrCat("cannot resolve ", absl::StrJoin(failures, "; "),
                                          ": check the name, /etc/hosts and the name server"));
}

worker::ServerAddresses ResolveAgain(const config::Config& config, const LookUp& look_up,
                                     worker::ServerAddresses addresses,
                                     std::vector<std::string>* failures) {
  for (size_t i = 0; i < config.backends.size(); ++i) {
    const config::Backend& backend = config.backends[i];
    for (size_t j = 0; j < backend.servers.size(); ++j) {
      if (!HasName(backend.servers[j])) continue;
      const auto found = Reachable(backend, backend.servers[j], look_up);
      if (!found.ok()) {
        failures->push_back(Failure(backend, found.status()));
      } else if (std::find(found->begin(), found->end(), addresses[i][j]) == found->end()) {
        addresses[i][j] = found->front();
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
  auto addresses = ResolveAll(*config, LookUpBySystem);
  if (!addresses.ok()) return addresses.status();
  route::Table table(config);
  return std::make_shared<const worker::Snapshot>(worker::Snapshot{
      .config = std::move(config), .table = std::move(table), .addresses = *std::move(addresses)});
}

}  // namespace ringway::server
