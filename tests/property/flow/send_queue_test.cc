// SPDX-License-Identifier: Apache-2.0
//
// Several send queues over one worker's stores against deques of bytes, over random pushes, short
// sends and clears, with plenty of everything and with nothing to spare.
#include "gateway/flow/send_queue.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <random>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/property/flow/queue_model.h"

namespace ringway::flow {
namespace {

using base::Arena;
using base::BufferClass;
using base::Lease;
using base::Piece;

constexpr uint32_t kQueues = 3;
constexpr uint32_t kOwedMax = 60'000;

enum class Pressure { kOff, kOn };

base::Limits LimitsOf(Pressure pressure) {
  base::Limits limits;
  limits.sessions_per_worker_max = kQueues;
  limits.small_buffers = pressure == Pressure::kOn ? 32 : 1024;
  limits.bulk_buffers = pressure == Pressure::kOn ? 16 : 256;
  limits.chunks = pressure == Pressure::kOn ? 8 : 512;
  limits.cells = pressure == Pressure::kOn ? 8 : 256;
  return limits;
}

uint32_t BuffersOf(const base::Limits& limits) {
  return limits.small_buffers + limits.bulk_buffers + limits.chunks + limits.cells;
}

/// What became of pushes.
struct Outcomes {
  uint32_t moved = 0;
  uint32_t exhausted = 0;
  uint32_t replaced = 0;
  uint32_t dropped = 0;
};

/// A worker's queues, those who push to them, and those who keep buffers from them.
class Bench {
 public:
  Bench(uint64_t seed, Pressure pressure)
      : random_(seed),
        pressure_(pressure),
        limits_(LimitsOf(pressure)),
        // A receive is cut into four slices here, and a session's queue has one of it.
        shared_(limits_, 4 * BuffersOf(limits_)) {}

  void Step() {
    QueueModel& queue = queues_[Below(queues_.size())];
    switch (Below(14)) {
      case 0:
      case 1:
      case 2:
        return PushReceived(Below(4) == 0 ? BufferClass::kBulk : BufferClass::kSmall);
      case 3:
        return PushPooled(Below(2) == 0 ? BufferClass::kChunk : BufferClass::kCell);
      case 4:
        return pressure_ == Pressure::kOn ? Hoard() : hoard_.clear();
      case 5:
        if (Below(10) == 0 && !queue.busy()) queue.Clear();
        return;
      case 6:
        return DropReader();
      case 12:
        return PushPongs();
      case 13:
        return Below(4) == 0 ? AppendOne() : PushPongs();
      case 7:
      case 8:
        if (!queue.busy()) queue.Take(Below(6));
        return;
      default:
        return queue.Complete(SomeOf(queue.InFlightBytes()));
    }
  }

  void Check() {
    uint64_t bytes = 0;
    uint64_t footprint = 0;
    uint32_t slices = 0;
    bool busy = false;
    for (const QueueModel& queue : queues_) {
      queue.Check();
      bytes += queue.bytes();
      footprint += queue.footprint();
      slices += queue.slices();
      busy = busy || queue.busy();
    }
    ASSERT_EQ(shared_.stores.bytes(), bytes);
    ASSERT_EQ(shared_.stores.footprint(), footprint);
    ASSERT_EQ(shared_.slices.open(), slices);
    for (const Reader& reader : readers_) ExpectUnchanged(reader);
    if (!busy) CheckLeases();
  }

  /// Everything that can be sent is sent; then nothing may be held any more.
  void Drain() {
    hoard_.clear();
    while (!readers_.empty()) DropReader();
    for (QueueModel& queue : queues_) {
      while (queue.bytes() > 0) {
        if (!queue.busy()) queue.Take(1 + Below(4));
        queue.Complete(SomeOf(queue.InFlightBytes()));
        if (testing::Test::HasFailure()) return;
      }
    }
    Check();
    EXPECT_EQ(shared_.slices.open(), 0U);
    EXPECT_EQ(shared_.stores.footprint(), 0U);
  }

  const Outcomes& outcomes() const { return outcomes_; }

 private:
  /// Somebody who has more to read in a chunk of which a part is queued.
  struct Reader {
    Lease lease;
    const uint8_t* data;
    std::vector<uint8_t> expected;
  };

  uint32_t Below(size_t bound) { return static_cast<uint32_t>(random_() % bound); }
  uint32_t SomeOf(uint32_t bytes) { return Below(2) == 0 ? bytes : Below(bytes + 1); }
  Arena& arena() { return shared_.arena; }

  uint32_t SomeLength(uint32_t bytes_max) {
    switch (Below(8)) {
      case 0:
        return bytes_max;
      case 1:
        return 1 + Below(bytes_max);
      default:
        return 1 + Below(std::min(bytes_max, 300U));
    }
  }

  void Fill(uint8_t* data, uint32_t bytes) {
    for (uint32_t i = 0; i < bytes; ++i) data[i] = static_cast<uint8_t>(next_byte_++ * 167 >> 3);
  }

  /// Cuts what was received into up to four frames, each for some queue.
  void PushReceived(BufferClass c) {
    const uint32_t index = arena().PopReturned(c);
    if (index == Arena::kNone) return;
    const Lease lease = arena().Receive(c, index);
    uint32_t left = SomeLength(base::kBufferBytes[static_cast<size_t>(c)]);
    uint8_t* at = lease.data();
    Fill(at, left);
    for (int frame = 0; frame < 4 && left > 0; ++frame) {
      const uint32_t bytes = 1 + Below(left);
      PushSome({.lease = lease.Share(), .data = at, .bytes = bytes});
      at += bytes;
      left -= bytes;
    }
  }

  void PushPooled(BufferClass c) {
    Lease lease = arena().TryTake(c);
    if (!lease) return;
    uint8_t* at = lease.data();
    const uint32_t bytes = SomeLength(base::kBufferBytes[static_cast<size_t>(c)]);
    Fill(at, bytes);
    const uint32_t queued = 1 + Below(bytes);
    if (queued < bytes && readers_.size() < 3) {
      readers_.push_back({lease.Share(), at + queued, {at + queued, at + bytes}});
    }
    PushSome({.lease = std::move(lease), .data = at, .bytes = queued});
  }

  void PushSome(Piece piece) {
    QueueModel& queue = queues_[Below(queues_.size())];
    if (queue.ended() || queue.bytes() > kOwedMax) return;
    const PushResult result = queue.Push(std::move(piece));
    if (result == PushResult::kMoved) ++outcomes_.moved;
    if (result != PushResult::kExhausted) return;
    ++outcomes_.exhausted;
    if (!queue.busy()) queue.Clear();
  }

  void PushPongs() {
    QueueModel& queue = queues_[Below(queues_.size())];
    if (queue.ended() || queue.bytes() > kOwedMax) return;
    std::vector<uint8_t> pongs(1 + Below(Below(4) == 0 ? kLeastBytes : 20));
    Fill(pongs.data(), static_cast<uint32_t>(pongs.size()));
    const PushResult result = queue.PushPongs(std::move(pongs));
    if (result == PushResult::kReplaced) ++outcomes_.replaced;
    if (result == PushResult::kDropped) ++outcomes_.dropped;
  }

  void AppendOne() {
    const size_t first = Below(queues_.size());
    QueueModel& front = queues_[first];
    QueueModel& behind = queues_[(first + 1) % queues_.size()];
    if (!front.busy() && !behind.busy() && front.bytes() + behind.bytes() <= kOwedMax) {
      front.Append(behind);
    }
  }

  void Hoard() {
    if (Below(8) == 0) return hoard_.clear();
    const auto c = static_cast<BufferClass>(Below(2));
    const uint32_t index = arena().PopReturned(c);
    if (index != Arena::kNone) hoard_.push_back(arena().Receive(c, index));
  }

  void DropReader() {
    if (readers_.empty()) return;
    ExpectUnchanged(readers_.back());
    readers_.pop_back();
  }

  static void ExpectUnchanged(const Reader& reader) {
    ASSERT_EQ(std::memcmp(reader.data, reader.expected.data(), reader.expected.size()), 0)
        << "bytes that were not queued were overwritten";
  }

  /// Leases out are what queues, readers and the hoard refer to, no more and no less; and the
  /// stores know how many slices lie in each class.
  void CheckLeases() {
    std::vector<bool> held(BuffersOf(limits_));
    std::array<uint32_t, base::kBufferClasses> kept{};
    for (const QueueModel& queue : queues_) queue.MarkBuffers(held, kept);
    for (const Lease& lease : hoard_) held[lease.id()] = true;
    for (const Reader& reader : readers_) held[reader.lease.id()] = true;
    std::array<uint32_t, base::kBufferClasses> counts{};
    for (base::BufferId id = 0; id < held.size(); ++id) {
      if (held[id]) ++counts[static_cast<size_t>(arena().ClassOf(id))];
    }
    for (size_t c = 0; c < base::kBufferClasses; ++c) {
      ASSERT_EQ(arena().leased(static_cast<BufferClass>(c)), counts[c]) << "class " << c;
      ASSERT_EQ(shared_.stores.kept(static_cast<BufferClass>(c)), kept[c]) << "class " << c;
    }
  }

  std::mt19937_64 random_;
  Pressure pressure_;
  base::Limits limits_;
  Shared shared_;
  std::array<QueueModel, kQueues> queues_{QueueModel(&shared_, 0), QueueModel(&shared_, 1),
                                          QueueModel(&shared_, 2)};
  std::vector<Lease> hoard_;
  std::vector<Reader> readers_;
  uint32_t next_byte_ = 0;
  Outcomes outcomes_;
};

class SendQueueAgainstDeque : public testing::TestWithParam<std::tuple<Pressure, uint64_t>> {};

TEST_P(SendQueueAgainstDeque, SendsEveryByteInOrderAndGivesEverythingBack) {
  const auto [pressure, seed] = GetParam();
  auto bench = std::make_unique<Bench>(seed, pressure);
  for (int step = 0; step < 4'000; ++step) {
    bench->Step();
    if (!HasFailure()) bench->Check();
    if (step % 500 == 499 && !HasFailure()) bench->Drain();
    if (HasFailure()) {
      // WHY leaked: the slab's own check would end the program and hide the other seeds.
      static_cast<void>(bench.release());
      GTEST_FAIL() << "pressure " << static_cast<int>(pressure) << ", seed " << seed << ", step "
                   << step;
    }
  }
  EXPECT_GT(bench->outcomes().replaced, 0U);
  EXPECT_EQ(bench->outcomes().exhausted > 0, pressure == Pressure::kOn);
  EXPECT_EQ(bench->outcomes().dropped > 0, pressure == Pressure::kOn);
  EXPECT_TRUE(bench->outcomes().moved > 0 || pressure == Pressure::kOff);
}

INSTANTIATE_TEST_SUITE_P(WithPlenty, SendQueueAgainstDeque,
                         testing::Combine(testing::Values(Pressure::kOff),
                                          testing::Range<uint64_t>(1, 5)));
INSTANTIATE_TEST_SUITE_P(UnderPressure, SendQueueAgainstDeque,
                         testing::Combine(testing::Values(Pressure::kOn),
                                          testing::Range<uint64_t>(1, 9)));

}  // namespace
}  // namespace ringway::flow
