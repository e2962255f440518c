// SPDX-License-Identifier: Apache-2.0
//
// What is due for one socket, in order: a list of slices, each a run of bytes in a leased buffer.
// The front of the list may be with the kernel (one send at a time); the rest waits. A slice is not
// copied, except
//   - where it is small and there is room behind the last one: then the two share a buffer;
//   - where queues keep as many receive buffers as they may: then it moves to a cell or to chunks,
//     so that a stalled socket cannot take the buffers that all others receive into.
//
// A SendQueue is what each link pays for; Stores are shared by a worker.
#pragma once

#include <cstdint>

#include "gateway/base/arena.h"
#include "gateway/base/check.h"
#include "gateway/base/ids.h"
#include "gateway/flow/stores.h"

namespace ringway::flow {

enum class [[nodiscard]] PushResult : uint8_t{
    kQueued,
    kMoved,      ///< queued, all of it by copying it to pooled buffers
    kReplaced,   ///< pongs: queued in the place of older ones
    kDropped,    ///< pongs: not queued, older ones wait in front of what cannot be replaced
    kExhausted,  ///< there was no place, and the queue has more than its share; a part may have
                 ///< been queued: the session has to end
};

/// Its footprint is the account that its source's credit is reckoned from (credit.h). One thread.
class SendQueue {
 public:
  /// Puts the piece at the end. `session`: whose cells it may use, by its slot. A piece without a
  /// lease is copied, and is at most kLeastBytes long. REQUIRES: piece.bytes > 0.
  PushResult Push(Stores& stores, uint32_t session, base::Piece piece,
                  SliceKind kind = SliceKind::kBytes);

  /// Slices that may be in flight at once.
  static constexpr uint32_t kTakenMax = 127;

  /// Calls take(data, bytes) for slices from the front while it returns true, and marks those for
  /// which it did as in flight. REQUIRES: nothing is in flight; true is said kTakenMax times at
  /// most.
  template <typename Take>
  uint32_t TakeFront(SlicePool& slices, Take&& take) {
    RINGWAY_CHECK_OP(in_flight_, ==, 0);
    for (uint32_t at = head_; at != base::kNoSlot; at = slices[at].next) {
      if (!take(slices[at].data, slices[at].bytes)) break;
      RINGWAY_CHECK_OP(in_flight_, <, kTakenMax);
      ++in_flight_;
    }
    return in_flight_;
  }

  /// The send ended and the socket took `sent` bytes from the front: their leases go back, what is
  /// left of the slices in flight waits again. A socket that did not take all of them stalls.
  void OnSent(Stores& stores, uint32_t session, uint32_t sent);

  /// Puts what another queue holds at the end, which is empty afterwards. REQUIRES: nothing of it
  /// is in flight.
  void Append(SlicePool& slices, SendQueue& behind);

  /// Discards everything; returns how many bytes that were. REQUIRES: nothing is in flight.
  uint32_t Clear(Stores& stores);

  bool empty() const { return head_ == base::kNoSlot; }
  uint32_t bytes() const { return bytes_; }
  uint32_t slices() const { return slices_; }
  uint32_t in_flight() const { return in_flight_; }
  /// What it costs: buffers in full, and slices.
  uint32_t footprint() const { return footprint_; }
  /// The last send was not taken whole.
  bool stalls() const { return stalls_; }
  /// Its socket is known to take nothing now.
  void SetStalls() { stalls_ = true; }

 private:
  uint32_t RoomBehindTail(Stores& stores) const;
  uint32_t Join(Stores& stores, const base::Piece& piece, SliceKind kind);
  [[nodiscard]] bool Append(Stores& stores, base::Piece piece, SliceKind kind);
  [[nodiscard]] bool Replace(Stores& stores, const base::Piece& pongs);
  PushResult PushCopy(Stores& stores, uint32_t session, const base::Piece& piece, SliceKind kind);
  void Copy(Stores& stores, uint32_t session, base::Piece& piece, SliceKind kind);
  void Settle(Stores& stores, uint32_t session);
  base::Lease PopFront(Stores& stores);
  [[nodiscard]] bool MayKeep(const Stores& stores, base::BufferClass c) const;
  [[nodiscard]] bool IsOver(const Stores& stores) const {
    return !empty() && footprint_ >= stores.LimitBytes();
  }
  uint32_t KeptOf(base::BufferClass c) const {
    return c == base::BufferClass::kSmall ? kept_small_ : kept_bulk_;
  }

  uint32_t head_ = base::kNoSlot;
  uint32_t tail_ = base::kNoSlot;
  uint32_t slices_ = 0;
  uint32_t bytes_ = 0;
  uint32_t footprint_ = 0;
  uint16_t kept_small_ = 0;  ///< slices in receive buffers
  uint16_t kept_bulk_ = 0;
  uint8_t in_flight_ : 7 = 0;  ///< slices from the front that the kernel holds
  bool stalls_ : 1 = false;
};

}  // namespace ringway::flow
