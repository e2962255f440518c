// SPDX-License-Identifier: Apache-2.0
//
// From accept to a session's slot. Accept waits while there is no slot at all.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "gateway/accept/acceptor.h"
#include "gateway/worker/sessions.h"

namespace ringway::worker {

/// All connections that one worker accepts.
class Arrivals {
 public:
  /// Both must outlive it.
  Arrivals(Parts& parts, Sessions& sessions);

  /// Accepts. Once, before the first turn.
  void Open();
  void OnAccept(const io_uring_cqe& cqe, uint32_t socket);
  void OnCancelled() { acceptor_.OnCancelled(); }
  /// A session has ended: who waits for its slot may have it. While every slot is taken accept
  /// stays away; the end of a session brings it back.
  void Resume();
  /// Accepts no more, and closes who waits. What was accepted meanwhile is told to go at once.
  void Stop();
  /// Closes who waits for a slot.
  void DropParked();

  /// Connections that were accepted and wait for a slot.
  uint32_t parked() const { return static_cast<uint32_t>(parked_.size()); }
  /// Operations that the kernel still holds.
  uint32_t in_flight() const { return acceptor_.in_flight(); }

 private:
  /// A connection that was accepted and waits for a slot.
  struct Parked {
    int fd = -1;
    uint32_t listener_index = 0;
  };

  void OpenClient(int fd, uint32_t listener_index);
  void Park(int fd, uint32_t listener_index);
  void Pause(std::string_view why);

  Parts& parts_;
  Sessions& sessions_;
  accept::Acceptor acceptor_;
  std::vector<Parked> parked_;  ///< at most one for each listening socket
  bool is_stopped_ = false;
};

}  // namespace ringway::worker
