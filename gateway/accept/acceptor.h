// SPDX-License-Identifier: Apache-2.0
//
// Accepting: one multishot accept for each listening socket of the worker. It is taken back while
// the worker has no slot for another session; connections then wait in the kernel's backlog.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <span>
#include <vector>

#include "gateway/base/counters.h"
#include "uring/ring.h"

namespace ringway::accept {

/// A socket that listens, lent by whoever opened it.
struct ListeningSocket {
  int fd = -1;
  uint32_t listener_index = 0;  ///< in the configuration
};

enum class [[nodiscard]] AcceptOutcome : uint8_t{
    kConnected,  ///< `fd` is a client's connection and belongs to the caller
    kNothing,    ///< a connection was gone before it was taken, or the accept was cancelled
    kExhausted,  ///< no descriptor or memory: accept again when something was freed
    kBroken,     ///< the listening socket cannot be used any more
};

struct Accepted {
  AcceptOutcome outcome = AcceptOutcome::kNothing;
  int fd = -1;
  uint32_t listener_index = 0;
};

/// All accepts of one worker. One thread.
class Acceptor {
 public:
  /// The ring and the counters must outlive it; sockets stay the caller's.
  Acceptor(uring::Ring& ring, base::Counters& counters, std::span<const ListeningSocket> sockets);

  /// Arms an accept on every socket that has none. No effect after Stop.
  void Arm();
  /// Asks all accepts to end. Connections that were accepted meanwhile still arrive.
  void Pause();
  /// Pause for good.
  void Stop();

  /// Takes the completion of the accept on socket `slot`.
  Accepted OnCompletion(const io_uring_cqe& cqe, uint32_t slot);
  /// Takes the completion of a cancel.
  void OnCancelled() { --cancels_in_flight_; }

  /// Operations of ours that the kernel still holds.
  uint32_t in_flight() const;
  bool paused() const { return paused_; }

 private:
  struct Socket {
    ListeningSocket listening;
    bool armed = false;
    bool cancelling = false;
    bool broken = false;
  };

  uring::Ring* ring_;
  base::Counters* counters_;
  std::vector<Socket> sockets_;
  uint32_t cancels_in_flight_ = 0;
  bool paused_ = false;
  bool stopped_ = false;
};

}  // namespace ringway::accept
