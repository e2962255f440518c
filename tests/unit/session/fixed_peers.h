// SPDX-License-Identifier: Apache-2.0
//
// The other end of every client link.
#pragma once

#include "gateway/session/peers.h"

namespace ringway::session {

class FixedPeers : public Peers {
 public:
  explicit FixedPeers(const base::SocketAddress& address) : address_(address) {}
  base::SocketAddress PeerOf(uint32_t) override { return address_; }

 private:
  base::SocketAddress address_;
};

}  // namespace ringway::session
