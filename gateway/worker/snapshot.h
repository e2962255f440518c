// SPDX-License-Identifier: Apache-2.0
//
// What all workers share and nobody changes: the configuration, the route table built from it, and
// the addresses that the servers' names stand for.
#pragma once

#include <memory>
#include <vector>

#include "gateway/base/socket_address.h"
#include "gateway/config/config.h"
#include "gateway/route/table.h"

namespace ringway::worker {

/// [backend_index][server_index], one address for each server of the configuration.
using ServerAddresses = std::vector<std::vector<base::SocketAddress>>;

/// Immutable after construction; any thread may read.
struct Snapshot {
  std::shared_ptr<const config::Config> config;
  route::Table table;
  /// At start; Worker::PostAddresses brings newer ones.
  ServerAddresses addresses;
};

}  // namespace ringway::worker
