// SPDX-License-Identifier: Apache-2.0
//
// Whom a pooled buffer is charged to, from the first lease to the return of the last.
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "gateway/base/arena.h"

namespace ringway::base {
namespace {

constexpr Arena::Counts kCounts = {2, 2, 3, 5, 1};

TEST(ArenaAccounts, HoldNothingAtFirst) {
  const Arena arena = *Arena::Map(kCounts, 3);
  for (AccountId account = 0; account < 3; ++account) EXPECT_EQ(arena.held(account), 0U);
  EXPECT_EQ(arena.charged(BufferClass::kChunk), 0U);
  EXPECT_EQ(arena.charged(BufferClass::kCell), 0U);
}

TEST(ArenaAccounts, CountWhatEachHoldsOfBothPooledClasses) {
  Arena arena = *Arena::Map(kCounts, 3);
  const Lease chunk = arena.TryTake(BufferClass::kChunk, 0);
  const Lease cell = arena.TryTake(BufferClass::kCell, 0);
  const Lease other = arena.TryTake(BufferClass::kCell, 2);
  EXPECT_EQ(arena.held(0), 2U);
  EXPECT_EQ(arena.held(1), 0U);
  EXPECT_EQ(arena.held(2), 1U);
  EXPECT_EQ(arena.charged(BufferClass::kChunk), 1U);
  EXPECT_EQ(arena.charged(BufferClass::kCell), 2U);
  EXPECT_EQ(arena.account(chunk.id()), 0U);
  EXPECT_EQ(arena.account(other.id()), 2U);
}

TEST(ArenaAccounts, AreNotChargedForWhatNobodyNamed) {
  Arena arena = *Arena::Map(kCounts, 1);
  const Lease chunk = arena.TryTake(BufferClass::kChunk);
  EXPECT_EQ(arena.account(chunk.id()), kNoAccount);
  EXPECT_EQ(arena.charged(BufferClass::kChunk), 0U);
  EXPECT_EQ(arena.leased(BufferClass::kChunk), 1U);
}

TEST(ArenaAccounts, AreChargedUntilTheLastLeaseIsReturnedWhoeverHasIt) {
  Arena arena = *Arena::Map(kCounts, 2);
  Lease first = arena.TryTake(BufferClass::kChunk, 1);
  Lease share = first.Share();
  first.Return();
  EXPECT_EQ(arena.held(1), 1U);
  Lease adopted = arena.Adopt(share.Detach());
  EXPECT_EQ(arena.held(1), 1U);
  adopted.Return();
  EXPECT_EQ(arena.held(1), 0U);
  EXPECT_EQ(arena.charged(BufferClass::kChunk), 0U);
}

TEST(ArenaAccounts, TheNextHolderOfABufferIsChargedForItAndNotTheLast) {
  Arena arena = *Arena::Map({1, 1, 1, 1, 1}, 2);
  arena.TryTake(BufferClass::kCell, 0).Return();
  Lease second = arena.TryTake(BufferClass::kCell, 1);
  EXPECT_EQ(arena.held(0), 0U);
  EXPECT_EQ(arena.held(1), 1U);
  second.Return();
  const Lease nobodys = arena.TryTake(BufferClass::kCell);
  EXPECT_EQ(arena.held(1), 0U);
  EXPECT_EQ(arena.account(nobodys.id()), kNoAccount);
}

TEST(ArenaAccounts, AreNotChargedForABufferThatWasNotThere) {
  Arena arena = *Arena::Map({1, 1, 1, 1, 1}, 1);
  const Lease cell = arena.TryTake(BufferClass::kCell, 0);
  EXPECT_FALSE(arena.TryTake(BufferClass::kCell, 0));
  EXPECT_EQ(arena.held(0), 1U);
}

TEST(ArenaAccounts, HaveNothingToDoWithReceivedAndLentBuffers) {
  Arena arena = *Arena::Map(kCounts, 1);
  const uint8_t byte = 0;
  {
    const Lease small = arena.Receive(BufferClass::kSmall, arena.PopReturned(BufferClass::kSmall));
    const Lease lent = arena.Lend(0, &byte);
  }
  EXPECT_EQ(arena.held(0), 0U);
  EXPECT_EQ(arena.PopReturned(BufferClass::kLent), 0U);
}

}  // namespace
}  // namespace ringway::base
