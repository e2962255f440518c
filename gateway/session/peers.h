// SPDX-License-Identifier: Apache-2.0
//
// Whom a session is connected to, asked where a trusted proxy has told of somebody else.
#pragma once

#include <cstdint>

#include "gateway/base/socket_address.h"

namespace ringway::session {

class Peers {
 public:
  virtual ~Peers() = default;

  /// The other end of the client link of the session in the slot, unmapped. It may cost a system
  /// call. Family kNone: the connection is gone.
  virtual base::SocketAddress PeerOf(uint32_t slot) = 0;
};

}  // namespace ringway::session
