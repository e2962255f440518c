// SPDX-License-Identifier: Apache-2.0
//
// Memory of somebody else, whose leases the arena counts.
#include <gtest/gtest.h>

#include <array>
#include <utility>

#include "gateway/base/arena.h"

namespace ringway::base {
namespace {

class LentMemory : public testing::Test {
 protected:
  static constexpr uint32_t kLent = 3;

  uint32_t PopReturned() { return arena_.PopReturned(BufferClass::kLent); }
  uint32_t leased() const { return arena_.leased(BufferClass::kLent); }

  const std::array<uint8_t, 4> memory_ = {1, 2, 3, 4};
  Arena arena_ = *Arena::Map({2, 1, 1, 2, kLent});
};

TEST_F(LentMemory, TakesNoMemoryOfTheArena) {
  EXPECT_EQ(arena_.memory_bytes(), Arena::Map({2, 1, 1, 2})->memory_bytes());
  EXPECT_FALSE(IsReceiveClass(BufferClass::kLent));
}

TEST_F(LentMemory, IsReadWhereItsOwnerHasIt) {
  const Lease lease = arena_.Lend(1, memory_.data());
  EXPECT_EQ(lease.data(), memory_.data());
  EXPECT_EQ(arena_.Data(lease.id()), memory_.data());
  EXPECT_EQ(lease.Share().data(), memory_.data());
  EXPECT_EQ(lease.id(), arena_.IdOf(BufferClass::kLent, 1));
  EXPECT_EQ(arena_.ClassOf(lease.id()), BufferClass::kLent);
  EXPECT_EQ(leased(), 1U);
}

TEST_F(LentMemory, MayBeNowhere) {
  const Lease lease = arena_.Lend(0, nullptr);
  EXPECT_TRUE(lease);
  EXPECT_EQ(lease.data(), nullptr);
}

TEST_F(LentMemory, IsNamedOnceWhenItsLastLeaseIsGone) {
  EXPECT_EQ(PopReturned(), Arena::kNone) << "nothing was lent";
  Lease lease = arena_.Lend(2, memory_.data());
  Lease second = lease.Share();
  lease.Return();
  EXPECT_EQ(PopReturned(), Arena::kNone);
  second.Return();
  EXPECT_EQ(leased(), 0U);
  EXPECT_EQ(PopReturned(), 2U);
  EXPECT_EQ(PopReturned(), Arena::kNone);
}

TEST_F(LentMemory, IsLentAgainAtAnotherPlace) {
  arena_.Lend(0, memory_.data()).Return();
  EXPECT_EQ(PopReturned(), 0U);
  EXPECT_EQ(arena_.Lend(0, memory_.data() + 2).data(), memory_.data() + 2);
}

TEST_F(LentMemory, LeavesOtherClassesAlone) {
  std::array<Lease, kLent> leases;
  for (uint32_t i = 0; i < kLent; ++i) leases[i] = arena_.Lend(i, memory_.data() + i);
  EXPECT_EQ(leased(), kLent);
  EXPECT_EQ(arena_.leased(BufferClass::kCell), 0U);
  Lease cell = arena_.TryTake(BufferClass::kCell);
  cell.data()[0] = 9;
  arena_.Trim();
  EXPECT_EQ(leases[2].data(), memory_.data() + 2);
  EXPECT_EQ(cell.data()[0], 9);
}

TEST_F(LentMemory, IsNotThereInAnArenaThatWasAskedForNone) {
  Arena arena = *Arena::Map({2, 1, 1, 2});
  EXPECT_EQ(arena.count(BufferClass::kLent), 0U);
  EXPECT_EQ(arena.PopReturned(BufferClass::kLent), Arena::kNone);
  EXPECT_DEATH(static_cast<void>(arena.Lend(0, nullptr)), "left 0, right 0");
}

TEST_F(LentMemory, DiesWhenItIsLentTwice) {
  const Lease lease = arena_.Lend(1, memory_.data());
  EXPECT_DEATH(static_cast<void>(arena_.Lend(1, memory_.data())), "check failed: references_");
  EXPECT_DEATH(static_cast<void>(arena_.Lend(kLent, memory_.data())), "left 3, right 3");
}

TEST_F(LentMemory, DiesWhenMoreComesBackThanWasTakenNoticeOf) {
  for (uint32_t i = 0; i < kLent; ++i) arena_.Lend(0, nullptr).Return();
  EXPECT_DEATH(static_cast<void>(arena_.Lend(0, nullptr)), "check failed: layout.leased");
}

TEST_F(LentMemory, IsNotTakenFromAPool) {
  EXPECT_DEATH(static_cast<void>(arena_.TryTake(BufferClass::kLent)), "check failed");
}

}  // namespace
}  // namespace ringway::base
