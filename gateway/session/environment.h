// SPDX-License-Identifier: Apache-2.0
//
// What a worker lends to its sessions for the length of one call: memory, tables, the time, and
// what it shares with other workers.
#pragma once

#include <cstdint>

#include "gateway/base/counters.h"
#include "gateway/base/limits.h"
#include "gateway/base/occupancy.h"
#include "gateway/flow/stores.h"
#include "gateway/http/media_types.h"
#include "gateway/route/address_choice.h"
#include "gateway/route/server_choice.h"
#include "gateway/route/table.h"
#include "gateway/session/file_index.h"
#include "gateway/session/news.h"
#include "gateway/session/peers.h"
#include "gateway/ws/frame_reader.h"

namespace ringway::session {

/// Everything outlives the sessions of the worker.
struct Environment {
  flow::Stores& stores;
  base::Counters& counters;
  base::Occupancy& occupancy;
  const route::Table& table;
  route::ServerChoice& servers;
  route::AddressChoice& addresses;
  const base::Limits& limits;
  FileIndex& files;
  const http::MediaTypes& media_types;
  News& news;
  Peers& peers;
  ws::ReaderRules rules;
  uint64_t now_ns = 0;             ///< of this turn
  int64_t unix_s = 0;              ///< the same by the clock on the wall: what a Date says
  uint64_t secret = 0;             ///< no client can guess it
  uint64_t multipart_answers = 0;  ///< so far, so that each gets a boundary of its own
  uint64_t frames_read = 0;        ///< so far, of any kind: the work that bytes alone do not tell
};

}  // namespace ringway::session
