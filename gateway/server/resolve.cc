// SPDX-License-Identifier: Apache-2.0
//
// getaddrinfo for every server of every backend.
#include "gateway/server/resolve.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gateway/server/address.h"

namespace ringway::server {
namespace {

absl::StatusOr<base::SocketAddress> Resolve(const config::Server& server) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(server.host.c_str(), std::to_string(server.port).c_str(), &hints, &found);
  if (error != 0) {
    return absl::NotFoundError(absl::StrCat(server.host, ": ", gai_strerror(error)));
  }
  const base::SocketAddress address = FromSockaddr(found->ai_addr);
  freeaddrinfo(found);
  return address;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const worker::Snapshot>> BuildSnapshot(
    std::shared_ptr<const config::Config> config) {
  std::vector<std::vector<base::SocketAddress>> addresses;
  std::vector<std::string> failures;
  for (const config::Backend& backend : config->backends) {
    std::vector<base::SocketAddress>& servers = addresses.emplace_back();
    for (const config::Server& server : backend.servers) {
      const auto address = Resolve(server);
      if (address.ok()) {
        servers.push_back(*address);
      } else {
        failures.push_back(absl::StrCat("backend \"", backend.name,
                                        "\": ", std::string(address.status().message())));
      }
    }
  }
  if (!failures.empty()) {
    return absl::NotFoundError(absl::StrCat("cannot resolve ", absl::StrJoin(failures, "; "),
                                            ": check the name, /etc/hosts and the name server"));
  }
  route::Table table(config);
  return std::make_shared<const worker::Snapshot>(worker::Snapshot{
      .config = std::move(config), .table = std::move(table), .addresses = std::move(addresses)});
}

}  // namespace ringway::server
