// SPDX-License-Identifier: Apache-2.0
//
// Slots, their lives and their generations.
#include "gateway/base/slab.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace ringway::base {
namespace {

/// Counts how many of it live.
struct Tenant {
  Tenant(int* alive_count, int number) : alive(alive_count), value(number) { ++*alive; }
  Tenant(const Tenant&) = delete;
  Tenant& operator=(const Tenant&) = delete;
  ~Tenant() { --*alive; }

  int* alive;
  int value;
};

struct alignas(64) Aligned {
  uint8_t byte = 7;
};

class SlabOfThree : public testing::Test {
 protected:
  uint32_t Open(int value) { return slab_.TryOpen(&alive_, value); }
  void TearDown() override {
    for (uint32_t index = 0; index < slab_.touched(); ++index) {
      if (slab_.IsOpen(index)) slab_.Close(index);
    }
    EXPECT_EQ(alive_, 0);
  }

  int alive_ = 0;
  Slab<Tenant> slab_ = *Slab<Tenant>::Map(3, "tenants");
};

TEST_F(SlabOfThree, BuildsOnOpenAndDestroysOnClose) {
  const uint32_t index = Open(41);
  EXPECT_EQ(alive_, 1);
  EXPECT_EQ(slab_[index].value, 41);
  EXPECT_TRUE(slab_.IsOpen(index));
  EXPECT_EQ(slab_.open(), 1U);
  slab_.Close(index);
  EXPECT_EQ(alive_, 0);
  EXPECT_FALSE(slab_.IsOpen(index));
  EXPECT_EQ(slab_.open(), 0U);
}

TEST_F(SlabOfThree, RefusesWhenFullAndTakesAgainAfterAClose) {
  const uint32_t first = Open(1);
  Open(2);
  Open(3);
  EXPECT_EQ(Open(4), kNoSlot);
  EXPECT_EQ(alive_, 3);
  EXPECT_EQ(slab_.count(), 3U);
  slab_.Close(first);
  EXPECT_EQ(Open(5), first);
}

TEST_F(SlabOfThree, OpensTheSlotClosedLastFirst) {
  const uint32_t a = Open(1);
  const uint32_t b = Open(2);
  slab_.Close(a);
  slab_.Close(b);
  EXPECT_EQ(Open(3), b);
  EXPECT_EQ(Open(4), a);
  EXPECT_EQ(slab_.touched(), 2U) << "the third slot was never needed";
}

TEST_F(SlabOfThree, GivesEachLifeOfASlotItsOwnGeneration) {
  const uint32_t index = Open(1);
  const uint32_t first_life = slab_.generation(index);
  ASSERT_NE(slab_.Find(index, first_life), nullptr);
  slab_.Close(index);
  EXPECT_EQ(slab_.Find(index, first_life), nullptr);
  EXPECT_EQ(slab_.Find(index, slab_.generation(index)), nullptr) << "nothing lives in it yet";
  ASSERT_EQ(Open(2), index);
  EXPECT_EQ(slab_.Find(index, first_life), nullptr);
  ASSERT_NE(slab_.Find(index, slab_.generation(index)), nullptr);
  EXPECT_EQ(slab_.Find(index, slab_.generation(index))->value, 2);
}

TEST_F(SlabOfThree, FindsNothingInASlotNeverUsedOrBeyondTheEnd) {
  EXPECT_EQ(slab_.Find(0, 0), nullptr);
  Open(1);
  EXPECT_EQ(slab_.Find(1, 0), nullptr);
  EXPECT_EQ(slab_.Find(3, 0), nullptr);
  EXPECT_EQ(slab_.Find(kNoSlot, 0), nullptr);
  EXPECT_FALSE(slab_.IsOpen(kNoSlot));
}

TEST_F(SlabOfThree, KeepsAddressesWhileOtherSlotsOpenAndClose) {
  const uint32_t index = Open(1);
  const Tenant* at = &slab_[index];
  slab_.Close(Open(2));
  Open(3);
  Open(4);
  EXPECT_EQ(&slab_[index], at);
  EXPECT_EQ(at->value, 1);
}

TEST_F(SlabOfThree, DiesWhenASlotIsClosedTwice) {
  const uint32_t index = Open(1);
  slab_.Close(index);
  EXPECT_DEATH(slab_.Close(index), "check failed: IsOpen.index.");
}

TEST_F(SlabOfThree, DiesWhenASlotNeverOpenedIsClosed) {
  EXPECT_DEATH(slab_.Close(2), "check failed: IsOpen.index.");
}

TEST(Slab, WrapsGenerationsAtTwentyFourBits) {
  auto slab = *Slab<uint8_t>::Map(1, "bytes");
  for (uint32_t life = 0; life < kGenerationMask; ++life) {
    const uint32_t index = slab.TryOpen();
    ASSERT_EQ(slab.generation(index), life);
    slab.Close(index);
  }
  slab.Close(slab.TryOpen());
  EXPECT_EQ(slab.generation(0), 0U);
}

TEST(Slab, DiesWhenDestroyedWithAnOpenSlot) {
  EXPECT_DEATH(
      {
        auto slab = *Slab<uint8_t>::Map(1, "bytes");
        static_cast<void>(slab.TryOpen());
      },
      "check failed: open_ == 0");
}

TEST(Slab, KeepsTheAlignmentOfItsType) {
  auto slab = *Slab<Aligned>::Map(2, "aligned");
  for (uint32_t i = 0; i < 2; ++i) {
    const uint32_t index = slab.TryOpen();
    EXPECT_EQ(reinterpret_cast<uintptr_t>(&slab[index]) % alignof(Aligned), 0U);
    EXPECT_EQ(slab[index].byte, 7);
  }
  slab.Close(0);
  slab.Close(1);
}

TEST(Slab, CostsFourBytesASlotBesideItsType) {
  EXPECT_EQ(Slab<uint32_t>::kSlotBytes, sizeof(uint32_t) + 4);
  EXPECT_EQ(Slab<uint64_t>::kSlotBytes, sizeof(uint64_t) + 8) << "as its alignment wants it";
}

TEST(Slab, KeepsAListOfFreeSlotsOfATypeThatIsSmallerThanAnIndex) {
  auto slab = *Slab<uint8_t>::Map(3, "bytes");
  for (int i = 0; i < 3; ++i) static_cast<void>(slab.TryOpen());
  for (const uint32_t index : {0U, 2U, 1U}) slab.Close(index);
  for (const uint32_t index : {1U, 2U, 0U}) EXPECT_EQ(slab.TryOpen(), index);
  EXPECT_EQ(slab.TryOpen(), kNoSlot);
  for (const uint32_t index : {0U, 1U, 2U}) slab.Close(index);
}

}  // namespace
}  // namespace ringway::base
