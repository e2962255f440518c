// SPDX-License-Identifier: Apache-2.0
//
// Credit: how much one side of a session may still be read before the other side has taken what
// was read before. The chain, for bytes from a client to its backend:
//
//   1. the account is the backend's send queue: it counts the footprint of what it holds, which is
//      the full size of each buffer and 32 bytes a slice, however few bytes lie in it;
//   2. the client's credit is min(window, share) less that footprint; its receive is armed for it;
//   3. a payload that enters the queue raises the footprint; a completed send lowers it;
//   4. at zero the client's receive is not armed again, its TCP window closes, the client waits;
//   5. when the queue is down to half of its limit, or empty, the receive is armed again.
//
// Half, not at the first byte: a reader that takes one byte at a time must not cost one receive
// for each.
//
// The share is a dynamic threshold (Choudhury and Hahne, "Dynamic queue length thresholds for
// shared-memory packet switches", 1998): a holder may have at most alpha times what is free at this
// moment. With N greedy holders of a pool of B each ends at alpha B / (1 + alpha N), and
// B / (1 + alpha N) stays free for the next one. Nobody is stopped for what another holds, and
// nobody waits for a wake-up that another would have to give: a source pauses because its own
// target's queue is not empty, and that queue's next send looks again.
//
// With alpha = 1/64 and the 14,336 chunks that are shared by default, greedy holders end so (a test
// computes it anew, and for a tenth of the pools):
//
//     | holders | chunks each | chunks free |
//     |       1 |          64 |      14,272 |  a window of 1 MiB
//     |      10 |          64 |      13,696 |  the same
//     |     100 |          64 |       7,936 |  the same
//     |   1,000 |    13 or 14 |         833 |
//     |  10,000 |      1 or 2 |          64 |
//
// and of the 1,382 that a tenth of all pools shares:
//
//     |       1 |          22 |       1,360 |
//     |      10 |          19 |       1,192 |
//     |     100 |      8 or 9 |         513 |
//     |   1,000 |      1 or 2 |          64 |
//     |   6,553 |      0 or 1 |           1 |  all sessions: who has no chunk has a cell
#pragma once

#include <algorithm>
#include <cstdint>

namespace ringway::flow {

/// One over alpha, for chunks, the worker's budget and slices. WHY 64: a single stalled session may
/// have its whole window of a default pool, while 10,000 of them leave something for the next. At
/// 32 a tenth of the default pools would leave 1,000 holders 30 chunks for all others.
inline constexpr uint32_t kShareDivisor = 64;

/// The same for receive buffers that queues keep. WHY 4: a queue keeps them only for a turn, and
/// one bulk stream alone should not have to copy.
inline constexpr uint32_t kKeptDivisor = 4;

/// What an empty queue may always be fed, whatever others hold: it fits into a cell, and each
/// session has one of those for itself.
inline constexpr uint32_t kLeastBytes = 512;

/// What one holder may have of a pool of which `free` is free.
constexpr uint64_t Threshold(uint64_t free, uint32_t divisor) { return free / divisor; }

/// What a queue of this footprint may still be fed. 0: its source is not read.
constexpr uint32_t CreditLeft(uint32_t footprint, uint32_t limit) {
  if (footprint == 0) return std::max(limit, kLeastBytes);
  return footprint < limit ? limit - footprint : 0;
}

/// Whether a source that stopped for want of credit is read again.
constexpr bool MayResume(uint32_t footprint, uint32_t limit) { return footprint <= limit / 2; }

}  // namespace ringway::flow
