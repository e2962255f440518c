// SPDX-License-Identifier: Apache-2.0
//
// What all workers share and nobody changes: the configuration, the route table built from it, and
// the addresses that the servers' names stand for.
#pragma once

#include <memory>

#include "gateway/config/config.h"
#include "gateway/route/address_choice.h"
#include "gateway/route/table.h"

namespace ringway::worker {

using route::ServerAddresses;

/// Immutable after construction; any thread may read.
struct Snapshot {
  std::shared_ptr<const config::Config> config;
  route::Table table;
  /// At start; Worker::PostAddresses brings newer ones.
  ServerAddresses addresses;
};

}  // namespace ringway::worker
