// SPDX-License-Identifier: Apache-2.0
//
// What lives as long as a configuration, as one worker has it: routes, limits, and what is known of
// the servers. A session names the one that it began with, so that a newer one may come meanwhile.
#pragma once

#include <cstdint>
#include <span>

#include "gateway/base/limits.h"
#include "gateway/base/occupancy.h"
#include "gateway/config/config.h"
#include "gateway/http/media_types.h"
#include "gateway/route/address_choice.h"
#include "gateway/route/server_choice.h"
#include "gateway/route/table.h"
#include "gateway/ws/frame_reader.h"

namespace ringway::session {

/// Everything here outlives the sessions that name it. One worker's, on its thread.
struct Snapshot {
  const route::Table& table;
  std::span<const config::Route> routes;  ///< of the table's configuration
  route::ServerChoice& servers;
  route::AddressChoice& addresses;
  base::Occupancy& occupancy;
  const http::MediaTypes& media_types;
  /// How the frames of its sessions are read.
  ws::ReaderRules rules;
  /// That began with it and have not left: at zero, once it is not the current one any more,
  /// nobody looks at it.
  uint32_t sessions = 0;

  const base::Limits& limits() const { return table.config().limits; }
  const config::Backend& BackendOf(const config::Route& route) const {
    return table.config().backends[route.backend_index];
  }
};

}  // namespace ringway::session
