// SPDX-License-Identifier: Apache-2.0
//
// Sending: everything that is due for one socket this turn leaves in one send, and a socket has one
// send in flight. What several slices hold is gathered, not copied.
#pragma once

#include <liburing.h>
#include <sys/uio.h>

#include <cstdint>

#include "gateway/base/arena.h"
#include "gateway/base/counters.h"
#include "gateway/base/ids.h"
#include "gateway/flow/send_queue.h"
#include "uring/ring.h"
#include "uring/scratch.h"

namespace ringway::write {

/// What a link pays for its sends.
struct SendState {
  /// WHY no address of its own: what follows lies in its padding, and a link is one cache line.
  [[no_unique_address]] flow::SendQueue queue;
  bool in_flight : 1 = false;  ///< a send is with the kernel
  bool full : 1 = false;       ///< the socket has no room: a poll tells of some
  bool broken : 1 = false;     ///< the socket takes nothing any more
  /// The connection was reset. Linux tells that once: a receive then says FIN.
  bool reset : 1 = false;
};

enum class [[nodiscard]] SendOutcome : uint8_t{
    kSent,        ///< all that was offered; the queue may hold more
    kFull,        ///< a part of it, or nothing: the socket will wake a poll when it has room
    kCancelled,   ///< ended as asked; nothing left
    kReset,       ///< the connection is broken
    kUnexpected,  ///< a result without a rule
};

struct Sent {
  SendOutcome outcome = SendOutcome::kUnexpected;
  uint32_t bytes = 0;  ///< that left
};

/// Slices that one send gathers at most. WHY 64: at 64 bytes a slice a send carries 4 KiB, past
/// which the system call no longer weighs; more would only lengthen the kernel's copy of the list.
inline constexpr uint32_t kSlicesPerSendMax = 64;
static_assert(kSlicesPerSendMax <= flow::SendQueue::kTakenMax);
/// Bytes that one send offers at most: more than a socket's buffer takes at once.
inline constexpr uint32_t kBytesPerSendMax = 1024 * 1024;

/// All sends of one worker. One thread.
class Sender {
 public:
  /// All three must outlive it.
  Sender(uring::Ring& ring, flow::Stores& stores, base::Counters& counters);

  /// Submits one send for the front of the queue. It never waits for room. WHY: a send that waits
  /// inside io_uring on a full socket whose other end has sent its FIN spins, and then takes a
  /// kernel thread (traced on Linux 6.18: io_uring's own poll includes POLLRDHUP). REQUIRES: the
  /// queue is not empty, nothing is in flight, the socket is neither full nor broken.
  void Submit(base::LinkId id, int fd, SendState& state);

  /// Sends the front of the queue directly, as far as the socket takes it at once, and says that
  /// more follows (MSG_MORE). What does not leave stays, errors too: Submit meets them again.
  /// Returns how many bytes left. `session`: the queue's, by its slot. REQUIRES: as Submit.
  uint32_t SendAhead(int fd, uint32_t session, SendState& state);

  /// Takes the completion of a send.
  Sent OnCompletion(const io_uring_cqe& cqe, uint32_t session, SendState& state);

 private:
  /// What a gathering send points to.
  struct Gather {
    msghdr header;
    iovec pieces[kSlicesPerSendMax];
  };

  uring::Ring* ring_;
  flow::Stores* stores_;
  base::Counters* counters_;
  uring::Scratch<Gather, 64> gathers_;
};

}  // namespace ringway::write
