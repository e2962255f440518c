// SPDX-License-Identifier: Apache-2.0
//
// Who stands at the other end of a session's client link, by the kernel's word.
#pragma once

#include "gateway/session/peers.h"
#include "gateway/worker/memory.h"
#include "uring/kernel.h"

namespace ringway::worker {

class LinkPeers : public session::Peers {
 public:
  /// Both must outlive it.
  LinkPeers(Memory& memory, uring::Kernel& kernel) : memory_(memory), kernel_(kernel) {}

  base::SocketAddress PeerOf(uint32_t slot) override;

 private:
  Memory& memory_;
  uring::Kernel& kernel_;
};

}  // namespace ringway::worker
