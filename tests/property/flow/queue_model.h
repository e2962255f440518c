// SPDX-License-Identifier: Apache-2.0
//
// A send queue beside the slow, obvious one: a deque of the bytes that are owed. Both get the same
// pushes, sends and clears, and must agree on every byte, in order.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <numeric>
#include <utility>
#include <vector>

#include "gateway/base/arena.h"
#include "gateway/base/limits.h"
#include "gateway/flow/send_queue.h"

namespace ringway::flow {

/// What all queues of one worker share.
struct Shared {
  Shared(const base::Limits& limits, uint32_t slices_max)
      : arena(*base::Arena::Map(
            {limits.small_buffers, limits.bulk_buffers, limits.chunks, limits.cells},
            Stores::AccountsOf(limits.sessions_per_worker_max, 1))),
        slices(*SlicePool::Map(slices_max, "slices")),
        stores(arena, slices, limits) {}
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  base::Arena arena;
  SlicePool slices;
  Stores stores;
};

class QueueModel {
 public:
  QueueModel(Shared* shared, uint32_t session) : shared_(shared), session_(session) {}

  PushResult Push(base::Piece piece);
  /// They are queued whole, in the place of those that were queued last, or not at all.
  PushResult PushPongs(std::vector<uint8_t> bytes);

  /// Gives the kernel at most so many slices, and compares them with what is owed.
  void Take(uint32_t slices_max) {
    size_t offset = 0;
    const uint32_t taken =
        queue_.TakeFront(shared_->slices, [&](const uint8_t* data, uint32_t bytes) {
          if (in_flight_.size() == slices_max) return false;
          ExpectOwed({data, bytes}, offset);
          in_flight_.push_back({data, bytes});
          offset += bytes;
          return true;
        });
    EXPECT_EQ(taken, in_flight_.size());
    EXPECT_EQ(queue_.in_flight(), in_flight_.size());
  }

  uint32_t InFlightBytes() const {
    uint32_t bytes = 0;
    for (const Run& run : in_flight_) bytes += run.bytes;
    return bytes;
  }

  /// The socket took `sent` bytes of what is in flight, which nobody may have changed meanwhile.
  void Complete(uint32_t sent) {
    size_t offset = 0;
    for (const Run& run : in_flight_) {
      ExpectOwed(run, offset);
      offset += run.bytes;
    }
    const bool was_all = sent == InFlightBytes();
    in_flight_.clear();
    queue_.OnSent(shared_->stores, session_, sent);
    EXPECT_EQ(queue_.in_flight(), 0U);
    EXPECT_EQ(queue_.stalls(), !was_all);
    GiveBack(sent);
    if (ended_) Clear();
  }

  void Clear() {
    EXPECT_EQ(queue_.Clear(shared_->stores), owed_.size());
    GiveBack(static_cast<uint32_t>(owed_.size()));
    EXPECT_EQ(queue_.footprint(), 0U);
    ended_ = false;
  }

  /// Puts what `behind` owes at the end. REQUIRES: nothing of either is in flight.
  void Append(QueueModel& behind) {
    queue_.Append(shared_->slices, behind.queue_);
    owed_.insert(owed_.end(), behind.owed_.begin(), behind.owed_.end());
    if (!behind.owed_.empty()) pongs_ = behind.pongs_;
    ended_ = ended_ || behind.ended_;
    behind.owed_.clear();
    behind.pongs_.clear();
    behind.ended_ = false;
  }

  /// Marks the buffers that the queue's slices lie in, counts its slices by class, and works out
  /// what they cost. REQUIRES: nothing is in flight.
  void MarkBuffers(std::vector<bool>& held, std::array<uint32_t, base::kBufferClasses>& kept) const;

  void Check() const {
    ASSERT_EQ(queue_.bytes(), owed_.size());
    ASSERT_EQ(queue_.empty(), owed_.empty());
    ASSERT_EQ(queue_.slices() == 0, owed_.empty());
    ASSERT_EQ(queue_.footprint() == 0, owed_.empty());
    ASSERT_EQ(queue_.in_flight(), in_flight_.size());
    ASSERT_GE(queue_.footprint(), queue_.slices() * kSliceBytes);
  }

  /// Whether the queue has to be cleared before it takes more.
  bool ended() const { return ended_; }
  bool busy() const { return !in_flight_.empty(); }
  uint32_t bytes() const { return queue_.bytes(); }
  uint32_t slices() const { return queue_.slices(); }
  uint32_t footprint() const { return queue_.footprint(); }

 private:
  struct Run {
    const uint8_t* data;
    uint32_t bytes;
  };

  void ExpectOwed(const Run& run, size_t offset) const {
    ASSERT_LE(offset + run.bytes, owed_.size());
    const auto first = owed_.begin() + static_cast<ptrdiff_t>(offset);
    ASSERT_TRUE(std::equal(run.data, run.data + run.bytes, first))
        << "wrong bytes at " << offset << " of " << owed_.size();
  }

  // So many bytes at the end, which must be whole pongs of which the kernel has none.
  void ForgetPongs(uint32_t bytes) {
    EXPECT_LE(bytes, owed_.size() - InFlightBytes()) << "in flight";
    owed_.resize(owed_.size() - bytes);
    uint32_t whole = 0;
    while (whole < bytes && !pongs_.empty()) {
      whole += pongs_.back();
      pongs_.pop_back();
    }
    EXPECT_EQ(whole, bytes) << "something else than whole pongs was replaced";
  }

  // Pongs of which a byte has left are no longer to be replaced; whole ones behind them are.
  void GiveBack(uint32_t bytes) {
    owed_.erase(owed_.begin(), owed_.begin() + static_cast<ptrdiff_t>(bytes));
    while (std::accumulate(pongs_.begin(), pongs_.end(), size_t{0}) > owed_.size()) {
      pongs_.erase(pongs_.begin());
    }
  }

  /// The buffer in whose stride, head-room and tail-room too, `data` lies.
  base::BufferId BufferAt(const uint8_t* data) const;

  Shared* shared_;
  uint32_t session_;
  SendQueue queue_;
  std::deque<uint8_t> owed_;
  std::vector<uint32_t> pongs_;  ///< lengths of those at the end of owed_ that are whole
  std::vector<Run> in_flight_;
  bool ended_ = false;
};

}  // namespace ringway::flow
