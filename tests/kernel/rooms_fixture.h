// SPDX-License-Identifier: Apache-2.0
//
// The fixture of the rooms that touch the kernel: a ring on io_uring, a small arena, counters, and
// every completion kept for the test to hand to its room.
#pragma once

#include <gtest/gtest.h>
#include <liburing.h>

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/base/arena.h"
#include "gateway/base/counters.h"
#include "gateway/base/ids.h"
#include "tests/kernel/loopback.h"
#include "tests/kernel/pattern.h"
#include "uring/linux_kernel.h"
#include "uring/probe.h"
#include "uring/ring.h"
#include "uring/user_data.h"

namespace ringway::rooms {

/// A completion and what its user_data says.
struct Arrived {
  uint64_t user_data = 0;
  int32_t res = 0;
  uint32_t flags = 0;

  bool more() const { return (flags & IORING_CQE_F_MORE) != 0; }
  base::Operation operation() const {
    return static_cast<base::Operation>(uring::UserData::Unpack(user_data).kind);
  }
  base::LinkId id() const {
    const auto unpacked = uring::UserData::Unpack(user_data);
    return {unpacked.slot, unpacked.generation};
  }
  /// As a room takes it.
  io_uring_cqe Cqe() const {
    io_uring_cqe cqe{};
    cqe.user_data = user_data;
    cqe.res = res;
    cqe.flags = flags;
    return cqe;
  }
};

class RoomTest : public testing::Test {
 protected:
  using BufferClass = base::BufferClass;

  static constexpr uint64_t kTurnNs = 1'000'000;
  static constexpr int kTurnsMax = 5000;
  static constexpr int kQuietTurns = 10;
  static constexpr uint32_t kSmallBuffers = 8;
  static constexpr uint32_t kBulkBuffers = 4;

  explicit RoomTest(const base::Arena::Counts& counts = {kSmallBuffers, kBulkBuffers, 128, 256},
                    uint32_t accounts = 0)
      : arena_(*base::Arena::Map(counts, accounts)), kernel_(OpenKernel()), ring_(*kernel_) {}

  /// One turn; what it brought waits in `arrived_`.
  void Turn() {
    EXPECT_EQ(ring_.Turn(kTurnNs), 0);
    std::array<io_uring_cqe, 8> batch;
    for (size_t count = ring_.Reap(batch); count > 0; count = ring_.Reap(batch)) {
      for (size_t i = 0; i < count; ++i) {
        arrived_.push_back(
            {.user_data = batch[i].user_data, .res = batch[i].res, .flags = batch[i].flags});
      }
    }
  }

  /// The oldest completion that was not taken; kNone if none comes in five seconds.
  Arrived Next() {
    for (int i = 0; i < kTurnsMax && arrived_.empty(); ++i) Turn();
    EXPECT_FALSE(arrived_.empty()) << "nothing completes";
    if (arrived_.empty()) return {};
    return TakeFront();
  }

  /// Whether nothing completes for a while.
  bool IsQuiet() {
    for (int i = 0; i < kQuietTurns && arrived_.empty(); ++i) Turn();
    return arrived_.empty();
  }

  template <typename Done>
  [[nodiscard]] bool TurnUntil(Done&& done) {
    for (int i = 0; i < kTurnsMax; ++i) {
      if (done()) return true;
      Turn();
    }
    return done();
  }

  /// Reads until so many bytes came or the stream ended, with turns in between.
  std::vector<uint8_t> ReadFrom(loopback::Socket& socket, size_t count) {
    std::vector<uint8_t> all(count);
    size_t got = 0;
    EXPECT_TRUE(TurnUntil([&] {
      got += socket.Read({all.data() + got, count - got});
      return got == count || socket.end() != loopback::StreamEnd::kOpen;
    })) << got
        << " bytes of " << count << " came";
    all.resize(got);
    return all;
  }

  Arrived TakeFront() {
    Arrived arrived = arrived_.front();
    arrived_.pop_front();
    return arrived;
  }

  // Declared in the order in which they must outlive each other.
  base::Arena arena_;
  base::Counters counters_;
  std::unique_ptr<uring::LinuxKernel> kernel_;
  uring::Ring ring_;
  std::deque<Arrived> arrived_;

 private:
  static std::unique_ptr<uring::LinuxKernel> OpenKernel() {
    static const uring::FeatureSet kFeatures = uring::Probe().features;
    auto kernel =
        uring::LinuxKernel::Open({.sq_entries = 128, .cq_entries = 1024, .features = kFeatures});
    EXPECT_TRUE(kernel.ok()) << kernel.status();
    return *std::move(kernel);
  }
};

}  // namespace ringway::rooms
