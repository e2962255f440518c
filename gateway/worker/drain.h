// SPDX-License-Identifier: Apache-2.0
//
// The end in order: every session is told, what lives after the drain time is cut, and a backstop
// for what the kernel never gives back.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "gateway/worker/arrivals.h"
#include "gateway/worker/parts.h"
#include "gateway/worker/sessions.h"

namespace ringway::worker {

/// One worker's.
class Drain {
 public:
  /// All three must outlive it.
  Drain(Parts& parts, Sessions& sessions, Arrivals& arrivals)
      : parts_(parts), sessions_(sessions), arrivals_(arrivals) {}

  /// Accepts no more, and begins to tell sessions. Once.
  void Begin();
  bool has_begun() const { return has_begun_; }
  /// Tells some of the sessions that were not told. Once a turn.
  void GoOn();
  /// Whether there are more of them, so that the next turn must not wait.
  bool HasMore() const { return drain_next_ != base::kNoSlot || cut_next_ != base::kNoSlot; }
  /// Its timer is due.
  void OnDue();

  /// An error once an operation of what was cut has not come back for long: it would keep its link,
  /// and with it the worker, for ever. `wake_armed`: the read of the wake descriptor is with the
  /// kernel, too.
  absl::Status Check(bool wake_armed);

 private:
  void DrainSome();
  void CutSome();
  void SetTimer(uint64_t due_ms);

  Parts& parts_;
  Sessions& sessions_;
  Arrivals& arrivals_;
  uint32_t drain_next_ = base::kNoSlot;   ///< the first slot that was not told of the drain
  uint32_t cut_next_ = base::kNoSlot;     ///< and of its end
  uint64_t completions_at_backstop_ = 0;  ///< so many there were at the last look
  bool has_begun_ = false;
  bool was_cut_ = false;   ///< its time is over
  bool gives_up_ = false;  ///< and nothing has completed for long
};

}  // namespace ringway::worker
