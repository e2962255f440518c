// SPDX-License-Identifier: Apache-2.0
//
// Bytes that nobody has to look at, moved from one socket to another through a pipe: they never
// enter user space. A direction has two halves, fill (source to pipe) and pour (pipe to target); a
// poll through the ring says when a socket is ready for its half. The calls themselves are direct
// and never wait.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <span>

#include "gateway/base/counters.h"
#include "gateway/base/ids.h"
#include "gateway/flow/bulk_meter.h"
#include "gateway/splice/pipe_pool.h"
#include "uring/ring.h"

namespace ringway::splice {

/// What a link pays for it.
struct SpliceState {
  uint16_t pipe = kNoPipe;           ///< holds what was taken from this link and has not left
  uint16_t poured = kNoPipe;         ///< is being poured into this link, whose queue waits
  bool is_spliced : 1 = false;       ///< this link's bytes go through a pipe, not through leases
  bool awaits_target : 1 = false;    ///< is filled again when the target's queue is empty
  bool readable_armed : 1 = false;   ///< a poll for this link's bytes is with the kernel
  bool writable_armed : 1 = false;   ///< a poll for room in this link's socket is with the kernel
  bool writable_ending : 1 = false;  ///< and was asked to end
  flow::BulkMeter meter;             ///< of what comes from this link
};

enum class [[nodiscard]] FillOutcome : uint8_t{
    kBytes,
    kNothing,      ///< the socket is empty; no pipe is held
    kFin,          ///< orderly end of the stream
    kReset,        ///< the connection is broken
    kPipeMissing,  ///< none is to be had: use leases
    kUnexpected,   ///< a result without a rule
};

enum class [[nodiscard]] PourOutcome : uint8_t{
    kEmpty,       ///< all has left; no pipe is held
    kFull,        ///< the target's socket takes no more now
    kBroken,      ///< the target takes nothing any more; what was in the pipe is lost
    kReset,       ///< the same, and the connection was reset
    kUnexpected,  ///< the same, for a result without a rule
};

/// All splices of one worker. One thread.
class Splicer {
 public:
  /// Both must outlive it.
  Splicer(uring::Ring& ring, base::Counters& counters, uint32_t pipes_max);

  /// Takes at most `bytes_max` from the socket into a pipe; `*bytes`: how many. REQUIRES: the state
  /// holds no pipe.
  FillOutcome Fill(int fd, uint32_t bytes_max, SpliceState& state, uint32_t* bytes);

  /// Puts bytes in front of what was filled. REQUIRES: Fill said kBytes, nothing was poured yet.
  void PutAhead(std::span<const uint8_t> bytes, SpliceState& state);

  /// Moves what the pipe holds into the target's socket; `*bytes`: how many left, those that were
  /// put ahead too. REQUIRES: the state holds a pipe.
  PourOutcome Pour(int target_fd, SpliceState& state, uint32_t* bytes);

  /// Gives up what the pipe holds, if there is one. Returns how many bytes that were.
  uint32_t Discard(SpliceState& state);

  /// Bytes in the state's pipe and ahead of it.
  uint32_t Held(const SpliceState& state);
  /// The same over all pipes.
  uint64_t bytes_held() const { return bytes_held_; }

  /// Takes what the pipe holds back into memory: first what was put ahead, then its bytes. Returns
  /// how many were written to `out`; when all are out no pipe is held. REQUIRES: the state holds a
  /// pipe.
  uint32_t TakeBack(std::span<uint8_t> out, SpliceState& state);

  /// Polls; the completion carries Operation::kReadable or kWritable and the link's id.
  void ArmReadable(base::LinkId id, int fd, SpliceState& state);
  void ArmWritable(base::LinkId id, int fd, SpliceState& state);
  /// Takes a completion of the latter. Returns whether it tells of room, or of an error that the
  /// next try meets; `state.writable_armed` is false after the poll's last.
  [[nodiscard]] static bool OnWritable(const io_uring_cqe& cqe, SpliceState& state);
  /// Ends a poll for room that nobody needs any more. Returns whether a cancel was submitted; its
  /// own completion carries Operation::kCancel.
  [[nodiscard]] bool DisarmWritable(base::LinkId id, SpliceState& state);

  const PipePool& pipes() const { return pipes_; }

 private:
  uring::Ring* ring_;
  base::Counters* counters_;
  PipePool pipes_;
  uint64_t bytes_held_ = 0;
};

}  // namespace ringway::splice
