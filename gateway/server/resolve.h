// SPDX-License-Identifier: Apache-2.0
//
// Names of backend servers to addresses, once, before any worker runs: a look-up may take seconds.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "gateway/config/config.h"
#include "gateway/worker/snapshot.h"

namespace ringway::server {

/// Builds what all workers share. NOT_FOUND names every server whose name has no address.
absl::StatusOr<std::shared_ptr<const worker::Snapshot>> BuildSnapshot(
    std::shared_ptr<const config::Config> config);

}  // namespace ringway::server
