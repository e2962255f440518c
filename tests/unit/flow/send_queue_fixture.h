// SPDX-License-Identifier: Apache-2.0
//
// One send queue over small stores, and the few steps that its tests are made of.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/flow/send_queue.h"
#include "tests/unit/flow/small_stores.h"

namespace ringway::flow {

using Texts = std::vector<std::string>;

/// Bytes that tell where they were.
inline std::string Numbered(size_t bytes) {
  std::string text(bytes, '\0');
  for (size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('!' + i * 31 % 89 + i / 4096 % 5);
  return text;
}

inline std::string Joined(const Texts& texts) {
  std::string all;
  for (const std::string& text : texts) all += text;
  return all;
}

class SendQueueTest : public testing::Test {
 protected:
  using BufferClass = base::BufferClass;
  using Lease = base::Lease;
  using Piece = base::Piece;

  static constexpr uint32_t kSession = 1;  ///< whose queue it is
  static constexpr uint32_t kChunkBytes = 16384;
  static constexpr uint32_t kSliceCost = 32;
  static constexpr uint32_t kCellCost = 512 + kSliceCost;
  static constexpr uint32_t kSmallCost = 4096 + kSliceCost;
  static constexpr uint32_t kChunkCost = kChunkBytes + kSliceCost;
  static constexpr uint32_t kBulkCost = 65536 + kSliceCost;

  explicit SendQueueTest(const base::Limits& limits = SmallLimits()) : world_(limits) {}

  void TearDown() override {
    queue_.OnSent(stores_, kSession, 0);
    queue_.Clear(stores_);
    hoard_.clear();
    for (const BufferClass c : crowd_) stores_.Leave(c);
    crowd_.clear();
    ExpectNothingHeld();
  }

  void ExpectNothingHeld() const {
    EXPECT_EQ(queue_.footprint(), 0U);
    EXPECT_EQ(stores_.footprint(), 0U);
    EXPECT_EQ(stores_.bytes(), 0U);
    EXPECT_EQ(world_.slices.open(), 0U);
    for (size_t c = 0; c < base::kBufferClasses; ++c) {
      EXPECT_EQ(world_.arena.leased(static_cast<BufferClass>(c)), 0U) << "class " << c;
      EXPECT_EQ(stores_.kept(static_cast<BufferClass>(c)), 0U) << "class " << c;
    }
  }

  /// A receive buffer that the kernel has filled with `text`.
  Piece Received(BufferClass c, std::string_view text) {
    return Filled(world_.arena.Receive(c, world_.arena.PopReturned(c)), text);
  }

  /// A pooled buffer with `text` in it.
  Piece Pooled(BufferClass c, std::string_view text) {
    return Filled(world_.arena.TryTake(c), text);
  }

  static Piece Filled(Lease lease, std::string_view text) {
    uint8_t* data = lease.data();
    std::memcpy(data, text.data(), text.size());
    return {.lease = std::move(lease), .data = data, .bytes = static_cast<uint32_t>(text.size())};
  }

  PushResult Push(Piece piece) { return queue_.Push(stores_, kSession, std::move(piece)); }

  /// Without a lease: whoever pushes them keeps them.
  PushResult PushPongs(std::string_view text) {
    std::string bytes(text);
    return queue_.Push(stores_, kSession,
                       {.lease = {},
                        .data = reinterpret_cast<uint8_t*>(bytes.data()),
                        .bytes = static_cast<uint32_t>(bytes.size())},
                       SliceKind::kPongs);
  }

  /// Takes at most `slices_max` slices and returns their text, one string a slice.
  Texts Take(size_t slices_max) {
    Texts taken;
    queue_.TakeFront(world_.slices, [&](const uint8_t* data, uint32_t bytes) {
      if (taken.size() == slices_max) return false;
      taken.emplace_back(reinterpret_cast<const char*>(data), bytes);
      return true;
    });
    return taken;
  }

  void Sent(uint32_t bytes) { queue_.OnSent(stores_, kSession, bytes); }

  /// The socket takes nothing of the front.
  void Stall() {
    Take(1);
    Sent(0);
    EXPECT_TRUE(queue_.stalls());
  }

  /// Somebody else holds `count` more receive buffers, outside of queues.
  void Hoard(BufferClass c, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      hoard_.push_back(base::IsReceiveClass(c)
                           ? world_.arena.Receive(c, world_.arena.PopReturned(c))
                           : world_.arena.TryTake(c));
    }
  }
  /// All that are left but so many.
  void HoardAllBut(BufferClass c, uint32_t left) {
    Hoard(c, world_.arena.count(c) - world_.arena.leased(c) - left);
  }

  /// Queues of others keep `count` more receive buffers.
  void Crowd(BufferClass c, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      stores_.Enter(c);
      crowd_.push_back(c);
    }
  }

  SmallStores world_;
  Stores& stores_ = world_.stores;
  base::Arena& arena_ = world_.arena;
  std::vector<Lease> hoard_;
  std::vector<BufferClass> crowd_;
  SendQueue queue_;
};

}  // namespace ringway::flow
