// SPDX-License-Identifier: Apache-2.0
//
// Who goes when slots, or memory for heads, run short: connections that ask for nothing, before
// anybody is refused.
#pragma once

#include <cstdint>

#include "gateway/worker/parts.h"

namespace ringway::worker {

/// What each session of a worker is, as far as its slot goes. It names who is to go; to end them is
/// its caller's.
class Standings {
 public:
  /// `parts` must outlive it.
  explicit Standings(Parts& parts) : parts_(parts) {}

  /// After each event of a session. Returns whether it has joined those whose heads hold a chunk:
  /// then NextLargeHead may have an answer.
  [[nodiscard]] bool Note(uint32_t session);
  /// The session is over.
  void Forget(uint32_t session);

  /// Who is to go because too few slots are free; kNoSlot: nobody. Not `newest`, who has just taken
  /// one.
  [[nodiscard]] uint32_t NextToGo(uint32_t newest);
  /// Whose head is to go because heads hold their share of the chunks; kNoSlot: nobody's. WHY the
  /// oldest: they make room for the newest. Once a turn, too, because what handshakes hold makes
  /// that share smaller.
  [[nodiscard]] uint32_t NextLargeHead();

  /// Connections that have not brought a whole request, or wait between two.
  uint32_t half_open() const { return half_open_; }

 private:
  bool IsAtRest(uint32_t session);

  Parts& parts_;
  uint32_t half_open_ = 0;
};

}  // namespace ringway::worker
