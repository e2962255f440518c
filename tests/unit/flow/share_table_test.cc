// SPDX-License-Identifier: Apache-2.0
//
// The table of credit.h, worked out by queues that take what they may. Whoever finds other numbers
// here after a change writes them there, too.
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <utility>
#include <vector>

#include "gateway/flow/credit.h"
#include "tests/unit/flow/small_stores.h"

namespace ringway::flow {
namespace {

using base::BufferClass;

struct Row {
  uint32_t holders;
  uint32_t least;  ///< chunks that a holder has, in the end
  uint32_t most;
  uint32_t free;  ///< of those beyond the reserve

  friend bool operator==(const Row&, const Row&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Row& row) {
    return out << row.holders << " holders: " << row.least << " to " << row.most << ", " << row.free
               << " free";
  }
};

/// What a holder is fed: a chunk, or, where its credit is only what every queue may have, a cell
/// of its own.
base::Piece Feed(SmallStores& world, uint32_t holder, uint32_t credit) {
  if (credit > kLeastBytes || world.stores.LimitBytes() >= kLeastBytes) {
    base::Piece piece{.lease = world.stores.TakeQueueChunk(), .bytes = 16'384};
    piece.data = piece.lease ? piece.lease.data() : nullptr;
    return piece;
  }
  base::Piece piece{.lease = world.stores.TakeCell(holder, CellUse::kOrdinary), .bytes = 512};
  piece.data = piece.lease ? piece.lease.data() : nullptr;
  return piece;
}

/// One round: each that may takes one buffer. Returns whether one did.
bool TakeInTurn(SmallStores& world, std::vector<SendQueue>& queues) {
  bool took = false;
  for (uint32_t i = 0; i < queues.size(); ++i) {
    const uint32_t credit = CreditLeft(queues[i].footprint(), world.stores.LimitBytes());
    if (credit == 0) continue;
    base::Piece piece = Feed(world, i, credit);
    if (!piece.lease) {
      ADD_FAILURE() << "holder " << i << " had credit, and there was no buffer for it";
      return false;
    }
    EXPECT_EQ(queues[i].Push(world.stores, i, std::move(piece)), PushResult::kQueued);
    took = true;
  }
  return took;
}

uint32_t ChunksOf(const SendQueue& queue) { return queue.footprint() / 16'384; }

Row Greedy(const base::Limits& limits, uint32_t holders) {
  SmallStores world(limits);
  std::vector<SendQueue> queues(holders);
  while (TakeInTurn(world, queues)) continue;
  const auto [least, most] = std::minmax_element(
      queues.begin(), queues.end(),
      [](const SendQueue& a, const SendQueue& b) { return ChunksOf(a) < ChunksOf(b); });
  const uint32_t shared = limits.chunks - world.stores.reserve_chunks();
  const uint32_t leased = world.arena.leased(BufferClass::kChunk);
  const Row row{holders, ChunksOf(*least), ChunksOf(*most), shared - std::min(shared, leased)};
  for (SendQueue& queue : queues) queue.Clear(world.stores);
  EXPECT_EQ(world.stores.footprint(), 0U);
  return row;
}

TEST(ShareTable, OfTheDefaultPoolsIsAsCreditHasIt) {
  const base::Limits limits;
  EXPECT_EQ(limits.chunks - SmallStores(limits).stores.reserve_chunks(), 14'336U);
  EXPECT_EQ(Greedy(limits, 1), (Row{1, 64, 64, 14'272}));
  EXPECT_EQ(Greedy(limits, 10), (Row{10, 64, 64, 13'696}));
  EXPECT_EQ(Greedy(limits, 100), (Row{100, 64, 64, 7'936}));
  EXPECT_EQ(Greedy(limits, 1'000), (Row{1'000, 13, 14, 833}));
  EXPECT_EQ(Greedy(limits, 10'000), (Row{10'000, 1, 2, 64}));
}

TEST(ShareTable, OfATenthOfThePoolsIsAsCreditHasIt) {
  const base::Limits limits = TenthOfTheDefaults();
  EXPECT_EQ(limits.chunks - SmallStores(limits).stores.reserve_chunks(), 1'382U);
  EXPECT_EQ(Greedy(limits, 1), (Row{1, 22, 22, 1'360}));
  EXPECT_EQ(Greedy(limits, 10), (Row{10, 19, 19, 1'192}));
  EXPECT_EQ(Greedy(limits, 100), (Row{100, 8, 9, 513}));
  EXPECT_EQ(Greedy(limits, 1'000), (Row{1'000, 1, 2, 64}));
  // Each session that there may be: the last ones have a cell of their own.
  EXPECT_EQ(Greedy(limits, 6'553), (Row{6'553, 0, 1, 1}));
}

}  // namespace
}  // namespace ringway::flow
