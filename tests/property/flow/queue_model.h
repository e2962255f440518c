// SPDX-License-Identifier: Apache-2.0
//
// A send queue beside the slow, obvious one: a deque of the bytes that are owed. Both get the same
// pushes, sends and clears, and must agree on every byte, in order, and on who gets credit back.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <utility>
#include <vector>

#include "gateway/base/arena.h"
#include "gateway/flow/credit.h"
#include "gateway/flow/send_queue.h"

namespace ringway::flow {

/// What all queues of one worker share.
struct Shared {
  base::Arena arena;
  SlicePool pool;
  ByteBudget budget{1ULL << 30};
};

class QueueModel {
 public:
  explicit QueueModel(Shared* shared) : shared_(shared) {}

  PushResult Push(base::Piece piece, Source source) {
    // The piece may be copied and gone afterwards: what is owed is noted before.
    const std::vector<uint8_t> bytes(piece.data, piece.data + piece.bytes);
    const uint32_t before = queue_.bytes();
    const PushResult result = queue_.Push(shared_->pool, shared_->arena, std::move(piece), source);
    const uint32_t queued = queue_.bytes() - before;
    EXPECT_LE(queued, bytes.size());
    EXPECT_EQ(queued < bytes.size(), result == PushResult::kExhausted);
    for (uint32_t i = 0; i < queued; ++i) owed_.push_back({bytes[i], source});
    owed_to_[static_cast<size_t>(source)] += queued;
    if (Credit* credit = CreditOf(source)) credit->Spend(queued);
    shared_->budget.Spend(queued);
    ended_ = ended_ || result == PushResult::kExhausted;
    return result;
  }

  /// Gives the kernel at most so many slices, and compares them with what is owed.
  void Take(uint32_t slices_max) {
    size_t offset = 0;
    const uint32_t taken =
        queue_.TakeFront(shared_->pool, [&](const uint8_t* data, uint32_t bytes) {
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
    in_flight_.clear();
    GiveBack(queue_.OnSent(shared_->pool, shared_->arena, sent), sent);
    EXPECT_EQ(queue_.in_flight(), 0U);
    if (ended_) Clear();
  }

  void Clear() {
    GiveBack(queue_.Clear(shared_->pool, shared_->arena), static_cast<uint32_t>(owed_.size()));
    ended_ = false;
  }

  /// Marks the buffers that the queue's slices lie in. REQUIRES: nothing is in flight.
  void MarkBuffers(std::vector<bool>& held) {
    uint32_t slices = 0;
    queue_.TakeFront(shared_->pool, [&](const uint8_t* data, uint32_t /*bytes*/) {
      held[BufferAt(data)] = true;
      ++slices;
      return true;
    });
    EXPECT_EQ(slices, queue_.slices());
    GiveBack(queue_.OnSent(shared_->pool, shared_->arena, 0), 0);
  }

  void Check() const {
    ASSERT_EQ(queue_.bytes(), owed_.size());
    ASSERT_EQ(queue_.empty(), owed_.empty());
    ASSERT_EQ(queue_.slices() == 0, owed_.empty());
    ASSERT_EQ(queue_.in_flight(), in_flight_.size());
    ASSERT_EQ(client_.outstanding(), owed_to_[static_cast<size_t>(Source::kClient)]);
    ASSERT_EQ(backend_.outstanding(), owed_to_[static_cast<size_t>(Source::kBackend)]);
  }

  /// Whether the queue has to be cleared before it takes more.
  bool ended() const { return ended_; }
  bool busy() const { return !in_flight_.empty(); }
  uint32_t bytes() const { return queue_.bytes(); }
  uint32_t slices() const { return queue_.slices(); }

 private:
  struct Owed {
    uint8_t byte;
    Source source;
  };
  struct Run {
    const uint8_t* data;
    uint32_t bytes;
  };

  Credit* CreditOf(Source source) {
    if (source == Source::kClient) return &client_;
    return source == Source::kBackend ? &backend_ : nullptr;
  }

  void ExpectOwed(const Run& run, size_t offset) const {
    ASSERT_LE(offset + run.bytes, owed_.size());
    const auto first = owed_.begin() + static_cast<ptrdiff_t>(offset);
    ASSERT_TRUE(std::equal(run.data, run.data + run.bytes, first,
                           [](uint8_t byte, const Owed& owed) { return byte == owed.byte; }))
        << "wrong bytes at " << offset << " of " << owed_.size();
  }

  void GiveBack(const Returned& returned, uint32_t bytes) {
    std::array<uint32_t, 3> paid{};
    for (uint32_t i = 0; i < bytes; ++i) {
      ++paid[static_cast<size_t>(owed_.front().source)];
      owed_.pop_front();
    }
    for (size_t i = 0; i < paid.size(); ++i) owed_to_[i] -= paid[i];
    EXPECT_EQ(returned.client_bytes, paid[static_cast<size_t>(Source::kClient)]);
    EXPECT_EQ(returned.backend_bytes, paid[static_cast<size_t>(Source::kBackend)]);
    EXPECT_EQ(returned.bytes, bytes);
    client_.Return(returned.client_bytes);
    backend_.Return(returned.backend_bytes);
    shared_->budget.Return(returned.bytes);
  }

  /// The buffer in whose stride, head-room and tail-room too, `data` lies.
  base::BufferId BufferAt(const uint8_t* data) const {
    base::BufferId id = 0;
    while (true) {
      const uint8_t* first = shared_->arena.Data(id) - base::kHeadRoomBytes;
      if (data >= first && data < first + base::Arena::Stride(shared_->arena.ClassOf(id)))
        return id;
      ++id;
    }
  }

  Shared* shared_;
  SendQueue queue_;
  std::deque<Owed> owed_;
  std::array<uint32_t, 3> owed_to_{};  // By source.
  std::vector<Run> in_flight_;
  Credit client_;
  Credit backend_;
  bool ended_ = false;
};

}  // namespace ringway::flow
