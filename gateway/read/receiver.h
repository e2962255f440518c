// SPDX-License-Identifier: Apache-2.0
//
// Receiving: multishot receives into provided buffers, and completions into leases. A link's
// receive is armed for the credit that is left and for one of two buffer classes: a link that
// keeps filling 4 KiB buffers is promoted to 64 KiB ones, and demoted when it stops doing so.
#pragma once

#include <liburing.h>

#include <cstdint>

#include "absl/status/statusor.h"
#include "gateway/base/arena.h"
#include "gateway/base/counters.h"
#include "gateway/base/ids.h"
#include "uring/buffer_ring.h"
#include "uring/ring.h"

namespace ringway::read {

/// What a link pays for its receive.
struct ReceiveState {
  bool armed : 1 = false;       ///< an operation is with the kernel
  bool cancelling : 1 = false;  ///< and was asked to end
  bool ended : 1 = false;       ///< FIN or an error was seen: never armed again
  bool multishot : 1 = false;   ///< of the operation with the kernel
  bool watched : 1 = false;     ///< a poll for the stream's end is with the kernel
  bool saw_fin : 1 = false;     ///< and has told of a FIN: it is not armed again
  base::BufferClass buffer_class : 4 = base::BufferClass::kSmall;  ///< of the next arming
  base::BufferClass armed_class : 4 =
      base::BufferClass::kSmall;  ///< of the operation with the kernel
  uint8_t streak = 0;             ///< receives in a row that ask for the other class
};

enum class ReceiveMode : uint8_t {
  kOnce,       ///< one completion of at most `bytes`
  kMultishot,  ///< until the `bytes` are used up
};

/// How a receive is armed. A multishot one ends, where the kernel caps, with the completion that
/// reaches `bytes`, which may pass them by less than a buffer.
struct Arming {
  ReceiveMode mode = ReceiveMode::kMultishot;
  base::BufferClass buffer_class = base::BufferClass::kSmall;
  uint32_t bytes = 0;
};

/// What a watch over an unread stream has seen.
enum class [[nodiscard]] WatchOutcome : uint8_t{
    kNothing,  ///< it was ended
    kFin,      ///< the other end has sent its FIN; bytes may wait in front of it
    kBroken,   ///< the connection is broken, or both its directions have ended
};

enum class [[nodiscard]] ReceiveOutcome : uint8_t{
    kBytes,       ///< `lease` and `bytes` hold what came
    kFin,         ///< orderly end of the stream
    kReset,       ///< the connection is broken
    kStarved,     ///< no buffer was there; arm again when some came back
    kCancelled,   ///< ended as asked
    kUnexpected,  ///< a result without a rule
};

struct Received {
  ReceiveOutcome outcome = ReceiveOutcome::kUnexpected;
  base::Lease lease;
  uint32_t bytes = 0;
};

/// All receives of one worker. One thread.
class Receiver {
 public:
  /// Registers a buffer ring for each receive class and fills it. All four must outlive it.
  static absl::StatusOr<Receiver> Open(uring::Ring& ring, base::Arena& arena,
                                       base::Counters& counters);

  /// Arms a receive. REQUIRES: arming.bytes > 0, not armed, not ended.
  void Arm(base::LinkId id, int fd, const Arming& arming, ReceiveState& state);

  /// Watches for the end of a stream that is not read, unless that is done already or its FIN was
  /// seen. Returns whether a poll was submitted; its completions carry Operation::kEnd. It is left
  /// armed until the link ends: beside a receive it costs nothing, and arming it 0.5 us.
  [[nodiscard]] bool WatchEnd(base::LinkId id, int fd, ReceiveState& state);
  /// Takes a completion of the watch: `state.watched` is false after its last.
  WatchOutcome OnWatched(const io_uring_cqe& cqe, ReceiveState& state);

  /// Asks an armed receive to end; it does so with a completion (kCancelled, or what it had).
  /// Returns whether a cancel was submitted; its own completion carries Operation::kCancel.
  [[nodiscard]] bool Cancel(base::LinkId id, ReceiveState& state);

  /// Takes the completion of an armed receive and updates the state: it is no longer armed where
  /// this was the operation's last.
  Received OnCompletion(const io_uring_cqe& cqe, ReceiveState& state);

  /// Offers the buffers that came back to the kernel again. Once a turn, before entering.
  void Replenish();

  /// Whether a receive of the class would find a buffer.
  bool HasBuffers(base::BufferClass c) const { return arena_->leased(c) < arena_->count(c); }

  /// Whether the kernel ends a multishot receive at its credit (else Cancel is needed).
  bool caps_receives() const { return caps_receives_; }

 private:
  Receiver(uring::Ring& ring, base::Arena& arena, base::Counters& counters, uring::BufferRing small,
           uring::BufferRing bulk);
  void ChooseClass(uint32_t bytes, ReceiveState& state);
  Received OnBytes(const io_uring_cqe& cqe, ReceiveState& state);

  uring::Ring* ring_;
  base::Arena* arena_;
  base::Counters* counters_;
  uring::BufferRing small_;
  uring::BufferRing bulk_;
  bool caps_receives_;
};

}  // namespace ringway::read
