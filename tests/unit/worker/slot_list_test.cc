// SPDX-License-Identifier: Apache-2.0
//
// Slots in the order in which they came into a state, with those that have left it or are over.
#include "gateway/worker/slot_list.h"

#include <gtest/gtest.h>

#include <vector>

namespace ringway::worker {
namespace {

constexpr uint32_t kSlots = 4;

class SlotListTest : public testing::Test {
 protected:
  void TearDown() override {
    for (uint32_t slot = 0; slot < kSlots; ++slot) {
      if (slots_.IsOpen(slot)) slots_.Close(slot);
    }
  }

  uint32_t OpenSlot() { return slots_.TryOpen(0U, base::SocketAddress{}, uint64_t{0}); }

  /// A new slot that is in the list.
  uint32_t Listed() {
    const uint32_t slot = OpenSlot();
    list_.Push(slots_, slot);
    return slot;
  }

  uint32_t Pop() {
    return list_.PopFirst(slots_, [](uint32_t /*slot*/) { return true; });
  }

  base::Slab<Slot> slots_ = *base::Slab<Slot>::Map(kSlots, "slots");
  SlotList list_ = *SlotList::Map(kSlots, SlotList::kHalfOpen);
};

TEST_F(SlotListTest, IsEmptyAtFirst) { EXPECT_EQ(Pop(), base::kNoSlot); }

TEST_F(SlotListTest, GivesTheOldestFirst) {
  const uint32_t first = Listed();
  const uint32_t second = Listed();
  EXPECT_EQ(Pop(), first);
  EXPECT_EQ(Pop(), second);
  EXPECT_EQ(Pop(), base::kNoSlot);
}

TEST_F(SlotListTest, TakesASlotOnceHoweverOftenItIsPushed) {
  const uint32_t slot = Listed();
  for (int i = 0; i < 100; ++i) list_.Push(slots_, slot);
  EXPECT_EQ(Pop(), slot);
  EXPECT_EQ(Pop(), base::kNoSlot);
}

TEST_F(SlotListTest, TakesASlotAgainAfterItWasTakenOut) {
  const uint32_t slot = Listed();
  EXPECT_EQ(Pop(), slot);
  list_.Push(slots_, slot);
  EXPECT_EQ(Pop(), slot);
}

TEST_F(SlotListTest, StepsOverSlotsThatAreOver) {
  const uint32_t over = Listed();
  const uint32_t lives = Listed();
  slots_.Close(over);
  EXPECT_EQ(Pop(), lives);
}

TEST_F(SlotListTest, DoesNotTakeTheNextLifeOfASlotForTheLastOne) {
  const uint32_t slot = Listed();
  slots_.Close(slot);
  ASSERT_EQ(OpenSlot(), slot);
  EXPECT_EQ(Pop(), base::kNoSlot);
  list_.Push(slots_, slot);
  EXPECT_EQ(Pop(), slot);
}

TEST_F(SlotListTest, TakesOutThoseThatNoLongerMatch) {
  const uint32_t gone_on = Listed();
  const uint32_t matches = Listed();
  EXPECT_EQ(list_.PopFirst(slots_, [&](uint32_t slot) { return slot == matches; }), matches);
  EXPECT_EQ(Pop(), base::kNoSlot);
  list_.Push(slots_, gone_on);
  EXPECT_EQ(Pop(), gone_on) << "it may come back";
}

TEST_F(SlotListTest, HasRoomForAllHoweverManyAreOver) {
  for (int life = 0; life < 100; ++life) slots_.Close(Listed());
  std::vector<uint32_t> expected;
  for (uint32_t i = 0; i < kSlots; ++i) expected.push_back(Listed());
  std::vector<uint32_t> popped;
  for (uint32_t i = 0; i < kSlots; ++i) popped.push_back(Pop());
  EXPECT_EQ(popped, expected);
  EXPECT_EQ(Pop(), base::kNoSlot);
}

TEST_F(SlotListTest, KeepsTheOrderOfThoseThatLiveWhenItForgetsTheOthers) {
  const uint32_t first = Listed();
  const uint32_t second = Listed();
  for (int life = 0; life < 100; ++life) slots_.Close(Listed());
  EXPECT_EQ(Pop(), first);
  EXPECT_EQ(Pop(), second);
}

TEST_F(SlotListTest, StandsBesideAnotherListThatHasTheSameSlots) {
  SlotList other = *SlotList::Map(kSlots, SlotList::kResting);
  const uint32_t slot = Listed();
  other.Push(slots_, slot);
  EXPECT_EQ(Pop(), slot);
  EXPECT_EQ(other.PopFirst(slots_, [](uint32_t /*slot*/) { return true; }), slot);
}

}  // namespace
}  // namespace ringway::worker
