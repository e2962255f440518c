// SPDX-License-Identifier: Apache-2.0
//
// Accepting: one multishot accept for each listening socket of the worker. Where room for sessions
// runs short the accepts become single ones: connections beyond wait in the kernel's backlog, in
// their order.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <span>
#include <vector>

#include "gateway/base/counters.h"
#include "uring/ring.h"

namespace ringway::accept {

/// Connections that wait in the kernel, one listening socket: a multishot accept takes all of them
/// at once. The kernel lowers it to net.core.somaxconn (4,096 by default); a burst beyond it is
/// retried by its clients after 1 s.
inline constexpr uint32_t kBacklog = 4096;

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

  /// Arms an accept on every socket that has none. Where there is little room, one for one
  /// connection each, so that no more come too many than there are sockets. No effect after Stop.
  void Arm(uint32_t room = UINT32_MAX);
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
  enum class Shots : uint8_t { kOne, kMany };
  struct Socket {
    ListeningSocket listening;
    bool armed = false;
    Shots shots = Shots::kOne;  ///< of the accept that is armed
    bool cancelling = false;
    bool broken = false;
  };

  void ArmOne(uint32_t slot, Shots shots);
  void Cancel(uint32_t slot);

  uring::Ring* ring_;
  base::Counters* counters_;
  std::vector<Socket> sockets_;
  uint32_t cancels_in_flight_ = 0;
  bool paused_ = false;
  bool stopped_ = false;
};

}  // namespace ringway::accept
