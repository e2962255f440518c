// SPDX-License-Identifier: Apache-2.0
//
// What other threads want of a worker.
#pragma once

#include <memory>
#include <variant>

#include "gateway/base/mailbox.h"
#include "gateway/worker/snapshot.h"

namespace ringway::worker {

/// The end in order.
struct DrainWanted {};

/// Where servers are to be found from now on, as it stands in Snapshot::addresses.
using NewAddresses = std::unique_ptr<const ServerAddresses>;

using Mail = std::variant<DrainWanted, NewAddresses>;
using Mailbox = base::Mailbox<Mail, 32>;

}  // namespace ringway::worker
