// SPDX-License-Identifier: Apache-2.0
//
// One send queue over a small arena, and the few steps that its tests are made of.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/arena.h"
#include "gateway/flow/send_queue.h"

namespace ringway::flow {

class SendQueueTest : public testing::Test {
 protected:
  using BufferClass = base::BufferClass;
  using Lease = base::Lease;
  using Piece = base::Piece;

  static constexpr uint32_t kSlices = 10;
  static constexpr uint32_t kSmall = 8;
  static constexpr uint32_t kBulk = 4;
  static constexpr uint32_t kChunks = 6;
  static constexpr uint32_t kChunkBytes = 16384;

  void TearDown() override {
    queue_.OnSent(pool_, arena_, 0);
    queue_.Clear(pool_, arena_);
    hoard_.clear();
    EXPECT_EQ(pool_.open(), 0U);
    for (size_t c = 0; c < base::kBufferClasses; ++c) {
      EXPECT_EQ(arena_.leased(static_cast<BufferClass>(c)), 0U) << "class " << c;
    }
  }

  /// A receive buffer that the kernel has filled with `text`.
  Piece Received(BufferClass c, std::string_view text) {
    return Filled(arena_.Receive(c, arena_.PopReturned(c)), text);
  }

  /// A pooled buffer with `text` in it.
  Piece Pooled(BufferClass c, std::string_view text) { return Filled(arena_.TryTake(c), text); }

  Piece Filled(Lease lease, std::string_view text) {
    uint8_t* data = lease.data();
    std::memcpy(data, text.data(), text.size());
    return {.lease = std::move(lease), .data = data, .bytes = static_cast<uint32_t>(text.size())};
  }

  PushResult Push(Piece piece, Source source) {
    return queue_.Push(pool_, arena_, std::move(piece), source);
  }

  /// Takes at most `slices_max` slices and returns their text, one string a slice.
  std::vector<std::string> Take(size_t slices_max) {
    std::vector<std::string> taken;
    queue_.TakeFront(pool_, [&](const uint8_t* data, uint32_t bytes) {
      if (taken.size() == slices_max) return false;
      taken.emplace_back(reinterpret_cast<const char*>(data), bytes);
      return true;
    });
    return taken;
  }

  Returned Sent(uint32_t bytes) { return queue_.OnSent(pool_, arena_, bytes); }

  /// Somebody else holds `count` more receive buffers.
  void Hoard(BufferClass c, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      hoard_.push_back(arena_.Receive(c, arena_.PopReturned(c)));
    }
  }

  base::Arena arena_ = *base::Arena::Map({kSmall, kBulk, kChunks, 4, 1});
  SlicePool pool_ = *SlicePool::Map(kSlices, "slices");
  std::vector<Lease> hoard_;
  SendQueue queue_;
};

inline void ExpectReturned(const Returned& returned, uint32_t client, uint32_t backend,
                           uint32_t all) {
  EXPECT_EQ(returned.client_bytes, client);
  EXPECT_EQ(returned.backend_bytes, backend);
  EXPECT_EQ(returned.bytes, all);
}

}  // namespace ringway::flow
