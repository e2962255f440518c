// SPDX-License-Identifier: Apache-2.0
//
// Chunks that sessions hold outside of queues: heads and handshakes under way, of one backend say.
#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "gateway/flow/stores.h"
#include "tests/unit/flow/small_stores.h"

namespace ringway::flow {
namespace {

using base::BufferClass;
using base::Lease;

class HeldChunks : public testing::Test {
 protected:
  static base::Limits LimitsOf64Chunks() {
    base::Limits limits = SmallLimits();
    limits.chunks = 64;
    return limits;
  }

  /// How many more the account gets.
  uint32_t TakeAll(base::AccountId account) {
    uint32_t count = 0;
    while (!stores_.IsHeldShareUsed(account) && !HasFailure()) {
      held_.push_back(stores_.TakeHeldChunk(account));
      EXPECT_TRUE(held_.back());
      ++count;
    }
    EXPECT_FALSE(stores_.TakeHeldChunk(account));
    return count;
  }

  SmallStores world_{LimitsOf64Chunks()};
  Stores& stores_ = world_.stores;
  std::vector<Lease> held_;
};

TEST_F(HeldChunks, OneAccountHasHalfOfTheQuarterAndTheNextHalfOfTheRest) {
  EXPECT_EQ(TakeAll(stores_.half_open()), 8U);
  EXPECT_EQ(TakeAll(stores_.backend(0)), 4U);
  EXPECT_EQ(TakeAll(stores_.backend(1)), 2U);
  EXPECT_EQ(TakeAll(stores_.held()), 1U);
  EXPECT_EQ(world_.arena.charged(BufferClass::kChunk), 15U);
}

TEST_F(HeldChunks, WhoComesLateFindsSomethingLeft) {
  TakeAll(stores_.backend(0));
  TakeAll(stores_.half_open());
  TakeAll(stores_.held());
  EXPECT_FALSE(stores_.IsHeldShareUsed(stores_.backend(1)));
}

TEST_F(HeldChunks, GoBackToTheAccountThatHeldThem) {
  TakeAll(stores_.backend(0));
  held_.pop_back();
  EXPECT_FALSE(stores_.IsHeldShareUsed(stores_.backend(0)));
  EXPECT_EQ(TakeAll(stores_.backend(0)), 1U);
  held_.clear();
  EXPECT_EQ(world_.arena.held(stores_.backend(0)), 0U);
  EXPECT_EQ(world_.arena.charged(BufferClass::kChunk), 0U);
}

TEST_F(HeldChunks, StayChargedWhileAQueueHoldsThem) {
  SendQueue queue;
  Lease request = stores_.TakeHeldChunk(stores_.backend(0));
  EXPECT_EQ(
      queue.Push(stores_, 0, {.lease = request.Share(), .data = request.data(), .bytes = 100}),
      PushResult::kQueued);
  request.Return();
  EXPECT_EQ(world_.arena.held(stores_.backend(0)), 1U);
  EXPECT_EQ(queue.Clear(stores_), 100U);
  EXPECT_EQ(world_.arena.held(stores_.backend(0)), 0U);
}

TEST_F(HeldChunks, AreNotThoseOfQueues) {
  std::vector<Lease> queued;
  for (int i = 0; i < 40; ++i) queued.push_back(stores_.TakeQueueChunk());
  EXPECT_EQ(TakeAll(stores_.half_open()), 8U) << "what queues hold does not count";
}

TEST_F(HeldChunks, AreNotThereWhenEveryChunkIsOut) {
  std::vector<Lease> queued;
  for (int i = 0; i < 64; ++i) queued.push_back(stores_.TakeQueueChunk());
  EXPECT_FALSE(stores_.TakeHeldChunk(stores_.half_open()));
}

TEST_F(HeldChunks, LowerTheLimitOfQueues) {
  const uint32_t before = stores_.LimitBytes();
  TakeAll(stores_.half_open());
  EXPECT_EQ(stores_.LimitBytes(), before - 8 * 16'384 / 64);
}

TEST(HeldChunksByDefault, OfOneBackendAreAnEighthOfAll) {
  SmallStores world{base::Limits()};
  std::vector<Lease> held;
  while (Lease lease = world.stores.TakeHeldChunk(world.stores.backend(0))) {
    held.push_back(std::move(lease));
  }
  EXPECT_EQ(held.size(), 2048U);
}

TEST(StoresAccounts, AreOneForEachSessionAndBackendAndFourMore) {
  const base::Limits limits = SmallLimits();
  SmallStores world(limits);
  std::set<base::AccountId> all = {world.stores.surplus_cells(), world.stores.half_open(),
                                   world.stores.held(),          world.stores.asking(),
                                   world.stores.backend(0),      world.stores.backend(1)};
  for (uint32_t session = 0; session < limits.sessions_per_worker_max; ++session) {
    all.insert(session);
  }
  EXPECT_EQ(all.size(), Stores::AccountsOf(limits.sessions_per_worker_max, 2));
  EXPECT_LT(*all.rbegin(), Stores::AccountsOf(limits.sessions_per_worker_max, 2));
}

}  // namespace
}  // namespace ringway::flow
