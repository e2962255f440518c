// SPDX-License-Identifier: Apache-2.0
//
// What a session's dial needs beyond the link: the server's address, a source to dial from, and a
// word to the operator where it fails.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "gateway/links/links.h"
#include "gateway/session/link_events.h"
#include "gateway/worker/parts.h"

namespace ringway::worker {

/// What a failed dial means for the backend's other servers.
session::NextServer NextServerAfter(dial::DialOutcome outcome);

/// All dials of one worker.
class Dials {
 public:
  /// `parts` must outlive it.
  explicit Dials(Parts& parts);

  /// Dials the address that the session has chosen: it has a backend link then, or the operator
  /// knows why it has none. kConnected: the connect is under way; or Slot::dial_waits, and it is to
  /// be called again when one of the session's links is freed.
  [[nodiscard]] dial::DialOutcome Dial(uint32_t session);

  /// Tells the operator of a dial of the session's that failed. `result`: what the kernel said, a
  /// negative errno. REQUIRES: the session has not been told yet.
  void TellFailed(uint32_t session, dial::DialOutcome outcome, int result);

 private:
  [[nodiscard]] dial::Server ServerOf(const session::Session& dialling) const;
  const base::SocketAddress* NextSource(uint32_t backend_index, base::AddressFamily family);

  Parts& parts_;
  /// Of each backend, for IPv4 and IPv6. WHY apart: servers of both families that take turns would
  /// meet every other source and leave out the rest.
  std::vector<std::array<uint32_t, 2>> next_source_;
};

}  // namespace ringway::worker
