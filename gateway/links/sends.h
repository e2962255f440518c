// SPDX-License-Identifier: Apache-2.0
//
// What waits for a link's socket and how it leaves: one send a turn, a poll behind a full socket,
// a half-close behind the last byte.
#pragma once

#include <liburing.h>

#include <cstdint>

#include "gateway/base/lease.h"
#include "gateway/flow/send_queue.h"
#include "gateway/links/core.h"
#include "gateway/write/sender.h"

namespace ringway::links {

class Links;

/// All sends of one worker.
class Sends {
 public:
  /// Both must outlive it.
  Sends(Core& core, Links& links);

  /// Queues the piece. What can leave no more is discarded, and counted; `*piece` is empty then.
  flow::PushResult Push(uint32_t to, base::Piece&& piece, flow::SliceKind kind);
  /// Asks for OnBelow, once: when less than `bytes` wait (rounded up to kBelowUnit), and less than
  /// the queue's share of the memory. kBelowShare: its share is all that counts. While a file is on
  /// its way to the link the owner is not told, nor of a link that takes nothing any more.
  void TellWhenBelow(uint32_t index, uint32_t bytes);
  /// Whether that is so now.
  [[nodiscard]] bool IsBelow(uint32_t index, uint32_t bytes) const;
  /// The queue is shorter, or nobody else is to be told any more: who asked is told.
  void TellBelow(uint32_t index);
  /// Half-closes the link when what is queued has left; what it still sends is read.
  void Finish(uint32_t index);

  void OnSend(const io_uring_cqe& cqe, uint32_t index);
  void OnWritable(const io_uring_cqe& cqe, uint32_t index);
  /// The socket takes nothing any more. The link lives until what the other end sent before is
  /// read, if it is read.
  void OnReset(uint32_t index);

  /// Something waits: it leaves at the end of the turn.
  void MarkDue(uint32_t index);
  /// Behind a full socket: the poll stays armed until the queue has left.
  void WaitForRoom(uint32_t index);
  /// Nobody waits for room any more.
  void StopWaiting(uint32_t index);
  void FinishIfEmpty(uint32_t index);
  void Discard(Link& link);
  /// Sends what is queued ahead of what follows by another way. Returns how many bytes left.
  uint32_t SendAhead(uint32_t index);

  /// One send for each link that has something due.
  void SendDue();

 private:
  void OnLeft(uint32_t index);

  Core& core_;
  Links& links_;
  write::Sender sender_;
};

}  // namespace ringway::links
