// SPDX-License-Identifier: Apache-2.0
//
// How links are read: armed as their owners' rules and their targets' credit allow, in shares of a
// turn, and watched for their end while they are not read.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "gateway/links/core.h"
#include "gateway/read/receiver.h"

namespace ringway::links {

class Links;

/// All receives of one worker.
class Receives {
 public:
  /// Both must outlive it.
  Receives(Core& core, Links& links) : core_(core), links_(links) {}

  /// Registers the buffer rings. To be called first.
  absl::Status Open();

  /// The owner's word, until he says something else. What changes takes effect at once.
  void SetRules(uint32_t index, const ReadingRules& rules);
  /// Reads the link, if its rules, credit and buffers allow; else it is watched, or waits for its
  /// turn. No effect where that is so already.
  void Arm(uint32_t index);
  /// Ends an armed receive where the kernel does not: at the credit of a receive without a cap, and
  /// for a change of buffer class, of way or of rules. What one turn delivers more is the overrun.
  void Stop(uint32_t index);
  /// The stream is over: tells the owner, and drops the link after kReset.
  void OnEnd(uint32_t index, base::LinkEnd end);

  void OnReceive(const io_uring_cqe& cqe, uint32_t index);
  void OnStreamEnd(const io_uring_cqe& cqe, uint32_t index);

  /// Buffers that came back are the kernel's again, and who waited is read. At the end of a turn.
  void EndTurn();

 private:
  void OnReceived(uint32_t index, read::Received received);
  void OnBytes(uint32_t index, read::Received received);
  [[nodiscard]] read::Arming ArmingOf(const Link& link, uint32_t credit) const;
  [[nodiscard]] uint32_t FootprintOfTarget(const Link& link) const;
  void WatchEnd(uint32_t index);
  void Wait(uint32_t index);
  void ArmWaiting();

  Core& core_;
  Links& links_;
  std::optional<read::Receiver> receiver_;  ///< always there after Open
  uint32_t armed_bytes_ = 0;                ///< by the last Arm that armed
  uint32_t share_bytes_ = 64 * 1024;        ///< what one receive may bring in a turn
  /// So many turns, but the last, who has just been served lets those go first that found no
  /// buffer. WHY two and one: the completion that tells of one may come a turn behind those that
  /// took the buffers, and in step.
  static constexpr uint8_t kStarvedTurns = 3;
  uint8_t starved_turns_ = 0;
};

}  // namespace ringway::links
