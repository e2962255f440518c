// SPDX-License-Identifier: Apache-2.0
//
// What every client costs whatever it does, apart from its links, its timer and the phase that it
// is in: who it is, where it is counted, how it ended.
#pragma once

#include <cstdint>

#include "gateway/base/check.h"
#include "gateway/base/ids.h"
#include "gateway/base/occupancy.h"
#include "gateway/base/socket_address.h"
#include "gateway/session/ending.h"
#include "gateway/session/snapshot.h"
#include "gateway/session/stamp.h"

namespace ringway::session {

inline constexpr uint32_t kNoRoute = UINT32_MAX;

/// One session's. The session makes it; its phases read and write it within a call.
struct Shell {
  Shell(uint32_t listener, const base::SocketAddress& address, uint64_t now_ns)
      : began_ns(now_ns),
        stamps(now_ns),
        client(address),
        listener_index(static_cast<uint16_t>(listener)) {
    RINGWAY_CHECK_OP(listener, ==, listener_index);  // each has a descriptor
  }

  /// The first cause stays the ending.
  void EndWith(const Ending& cause) {
    if (ending.reason == EndReason::kNone) ending = cause;
  }

  Snapshot* snapshot = nullptr;  ///< from Session::Begin on
  uint64_t began_ns;
  uint64_t messages_in = 0;
  uint64_t frames_out = 0;
  Stamps stamps;
  base::SocketAddress client;
  uint32_t slot = base::kNoSlot;  ///< of the worker's: whose cells it may use
  uint32_t route_index = kNoRoute;
  uint32_t server_index = base::kNoSlot;  ///< where it is counted
  base::Occupancy::AddressSlot address_slot = base::Occupancy::kNothing;
  Ending ending;
  uint16_t listener_index;
  uint16_t answered_status = 0;  ///< of the last answer, relayed or a file
  uint16_t find_generation = 0;  ///< of its requests for files, by which an answer finds its own
  uint8_t address_index = 0;     ///< of the server
  bool is_counted : 1 = false;
  bool is_counted_on_route : 1 = false;
  bool upgraded : 1 = false;           ///< a 101 was sent
  bool cut : 1 = false;                ///< the closing did not end in time
  bool sender_is_unknown : 1 = false;  ///< a PROXY header named nobody
  bool client_is_told : 1 = false;     ///< `client` is whom a trusted proxy has told of
  bool ends_after_answer : 1 = false;  ///< a drain, or a dropped request: no further one is read
};
static_assert(sizeof(Shell) <= 104);

}  // namespace ringway::session
