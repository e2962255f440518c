// SPDX-License-Identifier: Apache-2.0
//
// One getpeername(2): a session has no room for a second address.
#include "gateway/worker/link_peers.h"

#include "gateway/base/address_range.h"
#include "gateway/worker/remote_address.h"

namespace ringway::worker {

base::SocketAddress LinkPeers::PeerOf(uint32_t slot) {
  const uint32_t link = memory_.slots[slot].client();
  sockaddr_storage remote{};
  if (link == base::kNoSlot || kernel_.RemoteAddress(memory_.links.links[link].fd, &remote) != 0) {
    return {};
  }
  return base::Unmapped(FromSockaddr(remote));
}

}  // namespace ringway::worker
