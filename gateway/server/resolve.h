// SPDX-License-Identifier: Apache-2.0
//
// Names of backend servers to addresses. A look-up may take seconds: it is done before any worker
// runs and, again and again, on a thread of its own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gateway/config/config.h"
#include "gateway/worker/snapshot.h"

namespace ringway::server {

/// All addresses of a server, in the resolver's order; may wait. An error's message names the host.
using LookUp =
    std::function<absl::StatusOr<std::vector<base::SocketAddress>>(const config::Server& server)>;

/// getaddrinfo(3).
absl::StatusOr<std::vector<base::SocketAddress>> LookUpBySystem(const config::Server& server);

/// One address for each server, of a family that the backend has a source for; a unix socket's has
/// no family (its path stands in the configuration). NOT_FOUND names every server that has none.
absl::StatusOr<worker::ServerAddresses> ResolveAll(const config::Config& config,
                                                   const LookUp& look_up);

/// The servers whose names are no numbers, looked up again. An address that a name still stands for
/// is kept, so that a resolver which shuffles moves nobody; a server that cannot be looked up keeps
/// the address it had, and `failures` says why.
worker::ServerAddresses ResolveAgain(const config::Config& config, const LookUp& look_up,
                                     worker::ServerAddresses addresses,
                                     std::vector<std::string>* failures);

/// Whether ResolveAgain would look anything up.
bool HasNames(const config::Config& config);

/// Builds what all workers share. NOT_FOUND as ResolveAll.
absl::StatusOr<std::shared_ptr<const worker::Snapshot>> BuildSnapshot(
    std::shared_ptr<const config::Config> config);

}  // namespace ringway::server
