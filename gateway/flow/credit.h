// SPDX-License-Identifier: Apache-2.0
//
// Credit: how much one side of a session may still be read before the other side has taken what
// was read before. The chain, for bytes from a client to its backend:
//
//   1. the receive on the client's link is armed for what the window has left;
//   2. a payload that enters the backend's send queue spends the client's credit;
//   3. a completed send to the backend returns it;
//   4. at zero the client's receive is not armed again, its TCP window closes, the client waits;
//   5. at half a window the receive is armed again.
//
// Half, not at the first byte: a reader that takes one byte at a time must not cost one receive
// for each.
#pragma once

#include <cstdint>

#include "gateway/base/check.h"

namespace ringway::flow {

/// Credit of one source: bytes of it that wait in the other side's send queue. One thread.
class Credit {
 public:
  void Spend(uint32_t bytes) { outstanding_ += bytes; }

  /// REQUIRES: bytes were spent.
  void Return(uint32_t bytes) {
    RINGWAY_CHECK_OP(bytes, <=, outstanding_);
    outstanding_ -= bytes;
  }

  /// Bytes that may be read now; 0 when used up. `outstanding` may pass the window where the
  /// kernel cannot cap a receive, by what one turn delivers.
  uint32_t Left(uint32_t window_bytes) const {
    return outstanding_ < window_bytes ? window_bytes - outstanding_ : 0;
  }

  /// Whether a source that stopped for want of credit may be read again.
  bool MayResume(uint32_t window_bytes) const { return outstanding_ <= window_bytes / 2; }

  uint32_t outstanding() const { return outstanding_; }

 private:
  uint32_t outstanding_ = 0;
};

/// The sum of what waits in all send queues of one worker. One thread.
class ByteBudget {
 public:
  explicit ByteBudget(uint64_t bytes_max) : bytes_max_(bytes_max) {}

  void Spend(uint64_t bytes) { queued_ += bytes; }
  void Return(uint64_t bytes) {
    RINGWAY_CHECK_OP(bytes, <=, queued_);
    queued_ -= bytes;
  }
  bool exhausted() const { return queued_ >= bytes_max_; }
  uint64_t queued() const { return queued_; }

 private:
  uint64_t bytes_max_;
  uint64_t queued_ = 0;
};

}  // namespace ringway::flow
