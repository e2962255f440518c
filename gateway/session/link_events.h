// SPDX-License-Identifier: Apache-2.0
//
// What a worker tells a session of its links, and what it asks.
#pragma once

#include <cstdint>

namespace ringway::session {

/// How a link's incoming stream ended.
enum class LinkEnd : uint8_t { kFin, kReset };

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

/// How the worker reads a link.
enum class Reading : uint8_t {
  kNot,         ///< not at all
  kOnce,        ///< one receive at a time
  kContinuous,  ///< as credit allows
};

}  // namespace ringway::session
