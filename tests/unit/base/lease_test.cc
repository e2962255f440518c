// SPDX-License-Identifier: Apache-2.0
//
// A lease: who holds a reference, and when it goes back.
#include <gtest/gtest.h>

#include <utility>

#include "gateway/base/arena.h"

namespace ringway::base {
namespace {

class LeaseOfAChunk : public testing::Test {
 protected:
  uint32_t leased() const { return arena_.leased(BufferClass::kChunk); }

  Arena arena_ = *Arena::Map({1, 1, 4, 1});
  Lease lease_ = arena_.TryTake(BufferClass::kChunk);
};

TEST(Lease, IsEmptyUntilItGetsABuffer) {
  Lease lease;
  EXPECT_FALSE(lease);
  lease.Return();
  EXPECT_FALSE(lease);
}

TEST_F(LeaseOfAChunk, ReturnsWhenDestroyed) {
  {
    const Lease local = std::move(lease_);
    EXPECT_EQ(leased(), 1U);
  }
  EXPECT_EQ(leased(), 0U);
}

TEST_F(LeaseOfAChunk, ReturnsOnlyOnceByItself) {
  lease_.Return();
  EXPECT_FALSE(lease_);
  EXPECT_EQ(leased(), 0U);
  lease_.Return();
  EXPECT_EQ(leased(), 0U);
}

TEST_F(LeaseOfAChunk, SharesOneBuffer) {
  const Lease second = lease_.Share();
  EXPECT_EQ(second.id(), lease_.id());
  EXPECT_EQ(second.data(), lease_.data());
  EXPECT_EQ(leased(), 1U) << "a buffer counts once";
  lease_.Return();
  EXPECT_EQ(leased(), 1U);
}

TEST_F(LeaseOfAChunk, KnowsWhetherItIsShared) {
  EXPECT_FALSE(arena_.IsShared(lease_.id()));
  Lease second = lease_.Share();
  EXPECT_TRUE(arena_.IsShared(lease_.id()));
  lease_.Return();
  EXPECT_FALSE(arena_.IsShared(second.id()));
}

TEST_F(LeaseOfAChunk, IsEmptyAfterAMove) {
  Lease target(std::move(lease_));
  EXPECT_FALSE(lease_);  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(target);
  EXPECT_EQ(leased(), 1U);
}

TEST_F(LeaseOfAChunk, LosesNoReferenceWhenAssigned) {
  {
    Lease target = arena_.TryTake(BufferClass::kChunk);
    EXPECT_EQ(leased(), 2U);
    target = arena_.TryTake(BufferClass::kChunk);
    EXPECT_EQ(leased(), 2U) << "what the target held went back with the temporary";
    target = std::move(lease_);
  }
  lease_.Return();
  EXPECT_EQ(leased(), 0U);
}

TEST_F(LeaseOfAChunk, StaysLeasedBetweenDetachAndAdopt) {
  const BufferId id = lease_.Detach();
  EXPECT_FALSE(lease_);
  EXPECT_EQ(leased(), 1U);
  {
    const Lease adopted = arena_.Adopt(id);
    EXPECT_EQ(adopted.id(), id);
  }
  EXPECT_EQ(leased(), 0U);
}

TEST_F(LeaseOfAChunk, DiesWhenReturnedTwice) {
  const BufferId id = lease_.Detach();
  arena_.Adopt(id).Return();
  EXPECT_DEATH(arena_.Adopt(id).Return(), "check failed: references_\\[id\\] > 0");
}

TEST_F(LeaseOfAChunk, DiesWhenSharedAfterItWentBack) {
  const BufferId id = lease_.Detach();
  arena_.Adopt(id).Return();
  EXPECT_DEATH(
      {
        Lease stale = arena_.Adopt(id);
        static_cast<void>(stale.Share());
      },
      "check failed: references_\\[id\\] > 0");
}

TEST_F(LeaseOfAChunk, CountsMoreHoldersThanSixteenBitsCan) {
  constexpr uint32_t kHolders = 70'000;
  for (uint32_t i = 0; i < kHolders; ++i) lease_.Share().Detach();
  for (uint32_t i = 0; i < kHolders; ++i) arena_.Adopt(lease_.id()).Return();
  EXPECT_EQ(leased(), 1U);
  EXPECT_FALSE(arena_.IsShared(lease_.id()));
}

TEST_F(LeaseOfAChunk, TravelsInsideAPiece) {
  Piece piece{.lease = lease_.Share(), .data = lease_.data() + 7, .bytes = 9};
  lease_.Return();
  const Piece moved = std::move(piece);
  EXPECT_EQ(leased(), 1U);
  EXPECT_EQ(moved.data, moved.lease.data() + 7);
}

}  // namespace
}  // namespace ringway::base
