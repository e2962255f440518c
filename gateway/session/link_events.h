// SPDX-License-Identifier: Apache-2.0
//
// What a worker tells a session of its links, and what it asks.
#pragma once

#include <cstdint>

#include "gateway/base/reading.h"

namespace ringway::session {

using base::LinkEnd;
using base::Reading;

/// What a failed dial means for the backend's other servers.
enum class NextServer : uint8_t {
  kTry,           ///< this server is to blame
  kTryBlameless,  ///< another server may fare better, but this one is not to blame
  kSpare          ///< the gateway is, or the time is over: another server would fare no better
};

/// What a timer has to know of the client's link.
struct ClientLook {
  uint32_t queued_bytes = 0;  ///< wait for the client
  /// Whether its bytes are received; else credit, budget or buffers are used up, and a pong could
  /// not be seen.
  bool is_read = true;
};

}  // namespace ringway::session
