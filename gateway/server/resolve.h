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
using LookUp = std::function<absl::StatusOr<route::AddressSet>(const config::Server& server)>;

/// getaddrinfo(3), which sorts by RFC 6724 6.
absl::StatusOr<route::AddressSet> LookUpBySystem(const config::Server& server);

/// What a look-up has to tell whoever keeps a log, a sentence each.
struct LookUpNotes {
  std::vector<std::string> failures;  ///< names without an address
  std::vector<std::string> left_out;  ///< names with more than kAddressesPerServerMax of them
};

/// For each server its addresses of those families that the backend has a source for, at most
/// kAddressesPerServerMax, the families by turns (RFC 8305 4); a unix socket's one address has no
/// family (its path stands in the configuration). NOT_FOUND names every server that has none.
absl::StatusOr<worker::ServerAddresses> ResolveAll(const config::Config& config,
                                                   const LookUp& look_up, LookUpNotes* notes);

/// The servers whose names are no numbers, looked up again. A set with the same addresses stays as
/// it was, so that a resolver which shuffles changes nothing; where there are too many, those that
/// were in use stay. A server that cannot be looked up keeps the addresses it had. `notes` are of
/// failures, and of the sets that change.
worker::ServerAddresses ResolveAgain(const config::Config& config, const LookUp& look_up,
                                     worker::ServerAddresses addresses, LookUpNotes* notes);

/// Whether ResolveAgain would look anything up.
bool HasNames(const config::Config& config);

/// Builds what all workers share. NOT_FOUND as ResolveAll.
absl::StatusOr<std::shared_ptr<const worker::Snapshot>> BuildSnapshot(
    std::shared_ptr<const config::Config> config);

}  // namespace ringway::server
