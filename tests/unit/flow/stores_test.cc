// SPDX-License-Identifier: Apache-2.0
//
// Each one's share of what sessions keep bytes in: cells, queues' limits, receive buffers, slices.
#include "gateway/flow/stores.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/flow/small_stores.h"

namespace ringway::flow {
namespace {

using base::BufferClass;
using base::Lease;

/// All cells that the session gets without a last word.
std::vector<Lease> AllCells(Stores& stores, uint32_t session) {
  std::vector<Lease> cells;
  while (Lease cell = stores.TakeCell(session, CellUse::kOrdinary)) {
    cells.push_back(std::move(cell));
  }
  return cells;
}

TEST(StoresCells, EachSessionHasTwoWhateverOthersHold) {
  SmallStores world(SmallLimits());
  std::vector<std::vector<Lease>> held;
  for (const uint32_t session : {0U, 1U, 2U}) held.push_back(AllCells(world.stores, session));
  EXPECT_EQ(held[0].size(), 5U) << "its own, and the four beyond two a session";
  EXPECT_EQ(held[1].size(), 1U);
  EXPECT_EQ(held[2].size(), 1U);
  Lease last_words[4];
  for (const uint32_t session : {0U, 1U, 2U}) {
    last_words[session] = world.stores.TakeCell(session, CellUse::kLastWord);
    EXPECT_TRUE(last_words[session]) << session;
  }
  const Lease ordinary = world.stores.TakeCell(3, CellUse::kOrdinary);
  EXPECT_TRUE(ordinary);
  EXPECT_FALSE(world.stores.TakeCell(3, CellUse::kOrdinary));
  last_words[3] = world.stores.TakeCell(3, CellUse::kLastWord);
  EXPECT_TRUE(last_words[3]);
  EXPECT_EQ(world.arena.leased(BufferClass::kCell), 12U);
  EXPECT_FALSE(world.stores.TakeCell(3, CellUse::kLastWord)) << "there is one last word";
}

TEST(StoresCells, TheLastWordIsFoundWithoutAnOrdinaryOneToo) {
  SmallStores world(SmallLimits());
  const std::vector<Lease> others = AllCells(world.stores, 0);
  const Lease last_word = world.stores.TakeCell(1, CellUse::kLastWord);
  EXPECT_TRUE(last_word);
}

TEST(StoresCells, ReturnedCellsAreThereForTheirOwnerOrForAnybody) {
  SmallStores world(SmallLimits());
  std::vector<Lease> first = AllCells(world.stores, 0);
  Lease second = world.stores.TakeCell(1, CellUse::kOrdinary);
  EXPECT_FALSE(world.stores.TakeCell(1, CellUse::kOrdinary));
  first.pop_back();  // one of the surplus
  Lease third = world.stores.TakeCell(1, CellUse::kOrdinary);
  EXPECT_TRUE(third);
  first.erase(first.begin());  // the session's own
  EXPECT_FALSE(world.stores.TakeCell(1, CellUse::kOrdinary));
  EXPECT_TRUE(world.stores.TakeCell(0, CellUse::kOrdinary));
}

TEST(StoresCells, ThereIsNoSurplusAtTwoCellsASession) {
  base::Limits limits = SmallLimits();
  limits.cells = 8;
  SmallStores world(limits);
  EXPECT_EQ(AllCells(world.stores, 2).size(), 1U);
}

TEST(StoresCells, WhatEntersAQueueIsInAChunkWhereThereIsNoCell) {
  SmallStores world(SmallLimits());
  const std::vector<Lease> cells = AllCells(world.stores, 0);
  const Lease lease = world.stores.TakeForQueue(0);
  ASSERT_TRUE(lease);
  EXPECT_EQ(world.arena.ClassOf(lease.id()), BufferClass::kChunk);
  EXPECT_EQ(world.arena.account(lease.id()), base::kNoAccount) << "the queue is charged for it";
}

TEST(StoresLimit, IsAWindowWhileEnoughIsFree) {
  const base::Limits limits;
  SmallStores world(limits);
  EXPECT_EQ(world.stores.LimitBytes(), limits.window_bytes);
}

TEST(StoresLimit, IsAPartOfTheChunksBeyondTheReserve) {
  SmallStores world(SmallLimits());
  EXPECT_EQ(world.stores.reserve_chunks(), 20U) << "half, where there are few";
  EXPECT_EQ(world.stores.LimitBytes(), 20 * 16'384 / 64);
  std::vector<Lease> chunks;
  for (int i = 0; i < 19; ++i) chunks.push_back(world.stores.TakeQueueChunk());
  EXPECT_EQ(world.stores.LimitBytes(), 16'384 / 64);
  EXPECT_TRUE(world.stores.HasSharedChunk());
  chunks.push_back(world.stores.TakeQueueChunk());
  EXPECT_EQ(world.stores.LimitBytes(), 0U);
  EXPECT_FALSE(world.stores.HasSharedChunk());
  for (int i = 0; i < 20; ++i) {
    chunks.push_back(world.stores.TakeQueueChunk());
    EXPECT_TRUE(chunks.back()) << "the reserve is for bytes that have come";
    EXPECT_EQ(world.stores.LimitBytes(), 0U);
  }
  EXPECT_FALSE(world.stores.TakeQueueChunk());
}

TEST(StoresLimit, HasAReserveForWhatBothRingsMayBringInATurn) {
  const base::Limits limits;
  EXPECT_EQ(SmallStores(limits).stores.reserve_chunks(), 1024U + 4 * 256U);
}

TEST(StoresLimit, IsAPartOfTheBudgetThatQueuesAndPipesLeave) {
  base::Limits limits;
  limits.worker_queued_bytes_max = 64 * 10'000;
  SmallStores world(limits);
  EXPECT_EQ(world.stores.LimitBytes(), 10'000U);
  world.stores.SetPipeBytes(64 * 4'000);
  EXPECT_EQ(world.stores.LimitBytes(), 6'000U);
  world.stores.Enter(BufferClass::kBulk);
  EXPECT_EQ(world.stores.footprint(), 65'568U);
  EXPECT_EQ(world.stores.LimitBytes(), (64 * 6'000 - 65'568) / 64);
  world.stores.SetPipeBytes(64 * 10'000);
  EXPECT_EQ(world.stores.LimitBytes(), 0U) << "and not less, when all is spent";
  world.stores.Leave(BufferClass::kBulk);
  world.stores.SetPipeBytes(0);
  EXPECT_EQ(world.stores.LimitBytes(), 10'000U);
}

/// Receive buffers that so many queues keep in the end, each as many as it may.
std::vector<uint32_t> KeepAll(Stores& stores, BufferClass c, uint32_t queues, bool stalls) {
  std::vector<uint32_t> kept(queues);
  for (uint32_t& own : kept) {
    while (stores.MayKeep(c, own, stalls)) {
      stores.Enter(c);
      ++own;
    }
  }
  return kept;
}

TEST(StoresKept, OneQueueKeepsAFifthOfTheQuarter) {
  SmallStores world{base::Limits()};
  EXPECT_EQ(KeepAll(world.stores, BufferClass::kSmall, 1, false)[0], 52U);
  EXPECT_EQ(KeepAll(world.stores, BufferClass::kBulk, 1, false)[0], 13U);
}

TEST(StoresKept, AllQueuesTogetherKeepAQuarterAndNoMore) {
  SmallStores world{base::Limits()};
  KeepAll(world.stores, BufferClass::kSmall, 1000, false);
  EXPECT_EQ(world.stores.kept(BufferClass::kSmall), 256U);
  KeepAll(world.stores, BufferClass::kBulk, 1000, false);
  EXPECT_EQ(world.stores.kept(BufferClass::kBulk), 64U);
}

TEST(StoresKept, ThoseThatStallLeaveHalfOfItToTheOthers) {
  SmallStores world{base::Limits()};
  EXPECT_EQ(KeepAll(world.stores, BufferClass::kSmall, 1, true)[0], 26U);
  KeepAll(world.stores, BufferClass::kSmall, 1000, true);
  EXPECT_EQ(world.stores.kept(BufferClass::kSmall), 128U);
  EXPECT_FALSE(world.stores.MayKeep(BufferClass::kSmall, 0, true));
  EXPECT_EQ(KeepAll(world.stores, BufferClass::kSmall, 1, false)[0], 26U);
}

TEST(StoresSlices, AQueueMayAddLentOnesBelowAPartOfTheFree) {
  SmallStores world(SmallLimits());
  ASSERT_EQ(world.slices.count(), 200U);
  EXPECT_TRUE(world.stores.MayAddSlices(2));
  EXPECT_FALSE(world.stores.MayAddSlices(3));
  std::vector<uint32_t> open;
  for (int i = 0; i < 137; ++i) open.push_back(world.slices.TryOpen());
  EXPECT_FALSE(world.stores.MayAddSlices(0)) << "63 are free";
  world.slices.Close(open.back());
  open.pop_back();
  EXPECT_TRUE(world.stores.MayAddSlices(0));
  for (const uint32_t index : open) world.slices.Close(index);
}

}  // namespace
}  // namespace ringway::flow
