// SPDX-License-Identifier: Apache-2.0
//
// What a worker lends to its sessions for the length of one call: memory, the time, what lives as
// long as the worker does, and the configuration that new sessions begin with.
#pragma once

#include <cstdint>

#include "gateway/base/counters.h"
#include "gateway/flow/stores.h"
#include "gateway/session/file_index.h"
#include "gateway/session/news.h"
#include "gateway/session/peers.h"
#include "gateway/session/phase.h"
#include "gateway/session/request.h"
#include "gateway/session/snapshot.h"

namespace ringway::session {

/// What is named here outlives the sessions of the worker; a snapshot, those that name it.
struct Environment {
  flow::Stores& stores;
  base::Counters& counters;
  /// For sessions that begin: the others have their own. Never nullptr.
  Snapshot* snapshot;
  FileIndex& files;
  News& news;
  Peers& peers;
  uint64_t now_ns = 0;             ///< of this turn
  int64_t unix_s = 0;              ///< the same by the clock on the wall: what a Date says
  uint64_t secret = 0;             ///< no client can guess it
  uint64_t multipart_answers = 0;  ///< so far, so that each gets a boundary of its own
  uint64_t frames_read = 0;        ///< so far, of any kind: the work that bytes alone do not tell
  /// Within one call: what a phase leaves to the next one, and the request that is looked at. WHY
  /// here: both are large, and a call that needs neither pays nothing for them.
  Handover handover{};
  Request request{};
};

}  // namespace ringway::session
