// SPDX-License-Identifier: Apache-2.0
//
// What a worker is made of: the rooms that it introduces to each other, its memory, its counters.
// The classes of this room share it.
#pragma once

#include <memory>

#include "gateway/base/clock.h"
#include "gateway/base/counters.h"
#include "gateway/base/turn_times.h"
#include "gateway/links/links.h"
#include "gateway/route/address_choice.h"
#include "gateway/route/server_choice.h"
#include "gateway/session/environment.h"
#include "gateway/session/intent.h"
#include "gateway/session/snapshot.h"
#include "gateway/worker/link_peers.h"
#include "gateway/worker/memory.h"
#include "gateway/worker/observer.h"
#include "gateway/worker/options.h"
#include "gateway/worker/remembered_files.h"
#include "uring/ring.h"

namespace ringway::worker {

/// One worker's, and used by its thread but where something else is said.
struct Parts {
  Parts(uring::Kernel& kernel, base::Clock& time, Observer& log, WorkerOptions given,
        Memory reserved);
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  Slot& operator[](uint32_t session) { return memory.slots[session]; }
  /// The time of this turn.
  uint64_t now_ns() const { return environment.now_ns; }

  uring::Ring ring;
  base::Clock& clock;
  Observer& observer;
  const WorkerOptions options;
  const base::Limits limits;
  base::Counters counters;     ///< any thread may read
  base::Gauges gauges;         ///< the same
  base::TurnTimes turn_times;  ///< the same

  Memory memory;
  flow::Stores stores;
  RememberedFiles remembered_files;
  LinkPeers link_peers;
  route::ServerChoice servers;
  route::AddressChoice addresses;
  session::Snapshot session_snapshot;  ///< of the options' one, for its sessions
  session::Environment environment;
  session::Intents intents;
  std::unique_ptr<links::Links> links;  ///< always there after Worker::Open
  bool drain_wanted = false;            ///< the worker's mail has said so
};

}  // namespace ringway::worker
