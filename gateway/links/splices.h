// SPDX-License-Identifier: Apache-2.0
//
// Bulk: bytes that nobody has to look at go from socket to pipe to socket. The chain, for one
// direction:
//
//   1. receives bring bulk several times in a row, and the link's rules let its bytes pass unread;
//   2. the receive that is armed ends, what it has brought leaves;
//   3. a poll says that there are bytes: they are filled into a pipe and poured out of it;
//   4. a target that is full is polled, and its source is not read meanwhile;
//   5. splices that bring little several times in a row: a receive is armed again.
//
// A pipe is held only from fill to pour, so a direction that waits holds nothing.
#pragma once

#include <cstdint>
#include <vector>

#include "gateway/base/fifo.h"
#include "gateway/links/core.h"
#include "gateway/splice/splicer.h"

namespace ringway::links {

class Links;

/// All splices of one worker.
class Splices {
 public:
  /// Both must outlive it. `stalled`: room for as many pipes as the limits have.
  Splices(Core& core, Links& links, base::Fifo<uint16_t> stalled);

  /// Whether the link's bytes go through a pipe now.
  [[nodiscard]] bool Takes(uint32_t index);
  /// Polls the link for bytes. REQUIRES: Takes, and no receive is armed.
  void Arm(uint32_t index);
  /// A receive has brought so many bytes.
  void OnReceived(uint32_t bytes, Link& link) const;
  void OnReadable(uint32_t index);
  /// The link's socket has room. False: nothing is poured into it.
  [[nodiscard]] bool GoOnPouring(uint32_t to);
  /// A link that waited for its target's queue to leave goes on.
  void Resume(uint32_t from);
  /// The link goes: what is in a pipe from it or for it goes nowhere.
  void Drop(uint32_t index);

  /// When OnDue is to be called; UINT64_MAX: never.
  uint64_t due_ns() const { return due_ns_; }
  /// Pipes whose target has taken nothing for a second are emptied into its queue.
  void OnDue();

  /// Pipes count toward the budget of all queues with their full size.
  void CountPipes() {
    core_.stores.SetPipeBytes(uint64_t{splicer_.pipes().taken()} * splice::kPipeBytes);
  }
  splice::Splicer& splicer() { return splicer_; }
  const splice::Splicer& splicer() const { return splicer_; }

 private:
  /// What one fill and pour of a pipe came to: there may be more; the source has no more; it had
  /// nothing; something else goes on from here.
  enum class Step : uint8_t { kAgain, kRest, kEmpty, kOver };

  /// What a pipe is held for.
  struct Direction {
    uint32_t from = base::kNoSlot;
    uint32_t to = base::kNoSlot;
    uint64_t took_ns = 0;     ///< when its target last took bytes
    bool is_stalled = false;  ///< in the list of pipes whose target takes nothing
  };

  Step Move(uint32_t from);
  Step MoveOnce(uint32_t from, uint32_t to, uint32_t bytes_max);
  [[nodiscard]] bool Pour(uint32_t from, uint32_t to);
  void OnPourBroken(uint32_t to, splice::PourOutcome outcome);
  void Release(uint16_t pipe) { directions_[pipe].from = directions_[pipe].to = base::kNoSlot; }
  void Leave(uint32_t from);
  [[nodiscard]] uint32_t LeastBytesOf(const Link& link) const;

  // ---- stalled.cc
  void NoteStalled(uint16_t pipe);
  [[nodiscard]] bool Empty(Direction& direction);
  [[nodiscard]] bool TakeBack(uint32_t from, uint32_t to);

  Core& core_;
  Links& links_;
  splice::Splicer splicer_;
  std::vector<Direction> directions_;  ///< by pipe
  base::Fifo<uint16_t> stalled_;       ///< pipes whose target was full, oldest first
  uint64_t due_ns_ = UINT64_MAX;
};

}  // namespace ringway::links
