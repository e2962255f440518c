// SPDX-License-Identifier: Apache-2.0
//
// The arena's carving, its pools and its receive buffers.
#include "gateway/base/arena.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <span>
#include <vector>

namespace ringway::base {
namespace {

constexpr Arena::Counts kCounts = {8, 4, 3, 5};
/// Those with memory in the arena.
constexpr std::array kClasses = {BufferClass::kSmall, BufferClass::kBulk, BufferClass::kChunk,
                                 BufferClass::kCell};
constexpr size_t kPageBytes = 4096;

Arena Mapped(const Arena::Counts& counts) { return *Arena::Map(counts); }

uint32_t BytesOf(BufferClass c) { return kBufferBytes[static_cast<size_t>(c)]; }

/// Pages of the arena's memory that are resident.
size_t TouchedPages(const Arena& arena) {
  std::vector<unsigned char> resident((arena.memory_bytes() + kPageBytes - 1) / kPageBytes);
  EXPECT_EQ(mincore(arena.memory(), arena.memory_bytes(), resident.data()), 0);
  return static_cast<size_t>(std::count_if(resident.begin(), resident.end(),
                                           [](unsigned char r) { return (r & 1) != 0; }));
}

TEST(Arena, LendsSmallAndBulkBuffersToTheKernelAndPoolsTheRest) {
  EXPECT_TRUE(IsReceiveClass(BufferClass::kSmall));
  EXPECT_TRUE(IsReceiveClass(BufferClass::kBulk));
  EXPECT_FALSE(IsReceiveClass(BufferClass::kChunk));
  EXPECT_FALSE(IsReceiveClass(BufferClass::kCell));
}

TEST(Arena, GivesEveryBufferOfEveryClassItsOwnId) {
  const Arena arena = Mapped(kCounts);
  std::set<BufferId> ids;
  for (const BufferClass c : kClasses) {
    EXPECT_EQ(arena.count(c), kCounts[static_cast<size_t>(c)]);
    for (uint32_t index = 0; index < arena.count(c); ++index) {
      const BufferId id = arena.IdOf(c, index);
      EXPECT_EQ(arena.ClassOf(id), c) << id;
      ids.insert(id);
    }
  }
  EXPECT_EQ(ids.size(), 20U);
  EXPECT_EQ(*ids.rbegin(), 19U);
}

TEST(Arena, TrimLeavesPinnedBuffersAlone) {
  Arena arena = Mapped({16, 4, 16, 64});
  const std::span<uint8_t> pinned = arena.Pin(BufferClass::kChunk, 2);
  ASSERT_EQ(pinned.size(), 2 * Arena::Stride(BufferClass::kChunk));
  std::vector<Lease> chunks;
  for (int i = 0; i < 4; ++i) chunks.push_back(arena.TryTake(BufferClass::kChunk));
  EXPECT_EQ(chunks[0].data(), pinned.data() + kHeadRoomBytes);
  for (const Lease& chunk : chunks) std::fill_n(chunk.data(), BytesOf(BufferClass::kChunk), 9);
  uint8_t* const unpinned = chunks[2].data() + BytesOf(BufferClass::kChunk) / 2;
  chunks.clear();
  arena.Trim();
  EXPECT_TRUE(std::all_of(pinned.begin() + kHeadRoomBytes,
                          pinned.begin() + kHeadRoomBytes + BytesOf(BufferClass::kChunk),
                          [](uint8_t byte) { return byte == 9; }));
  EXPECT_EQ(*unpinned, 0) << "an unpinned one";
}

TEST(Arena, PinsNoMoreThanThereAre) {
  Arena arena = Mapped({16, 4, 3, 64});
  EXPECT_EQ(arena.Pin(BufferClass::kChunk, 64).size(), 3 * Arena::Stride(BufferClass::kChunk));
}

TEST(Arena, TrimGivesBackWhatNobodyLeasesAndNothingElse) {
  Arena arena = Mapped({16, 4, 16, 64});
  std::vector<Lease> leases;
  for (const BufferClass c : {BufferClass::kSmall, BufferClass::kBulk}) {
    for (uint32_t i = 0; i < arena.count(c); ++i) {
      leases.push_back(arena.Receive(c, arena.PopReturned(c)));
    }
  }
  for (const BufferClass c : {BufferClass::kChunk, BufferClass::kCell}) {
    for (uint32_t i = 0; i < arena.count(c); ++i) leases.push_back(arena.TryTake(c));
  }
  const auto bytes_of = [&](const Lease& lease) {
    const uint32_t bytes = BytesOf(arena.ClassOf(lease.id())) + kTailRoomBytes;
    return std::span(lease.data() - kHeadRoomBytes, kHeadRoomBytes + bytes);
  };
  for (const Lease& lease : leases) std::ranges::fill(bytes_of(lease), uint8_t{9});
  const size_t touched = TouchedPages(arena);
  arena.Trim();
  EXPECT_EQ(TouchedPages(arena), touched) << "all are leased";
  for (size_t i = 0; i < leases.size(); ++i) {
    if (i % 3 != 0) leases[i].Return();
  }
  arena.Trim();
  EXPECT_LT(TouchedPages(arena), touched * 3 / 4);
  for (const Lease& lease : leases) {
    if (!lease) continue;
    EXPECT_TRUE(std::ranges::all_of(bytes_of(lease), [](uint8_t byte) { return byte == 9; }));
  }
  leases.clear();
  arena.Trim();
  EXPECT_LE(TouchedPages(arena), kClasses.size()) << "each class ends inside a page";
  EXPECT_TRUE(arena.TryTake(BufferClass::kCell));
}

TEST(Arena, KnowsTheClassOfAnIdBesideEmptyClasses) {
  const Arena arena = Mapped({2, 0, 0, 3});
  EXPECT_EQ(arena.ClassOf(1), BufferClass::kSmall);
  EXPECT_EQ(arena.ClassOf(2), BufferClass::kCell);
  EXPECT_EQ(arena.ClassOf(4), BufferClass::kCell);
}

TEST(Arena, KeepsHeadRoomAndTailRoomApartFromNeighbours) {
  const Arena arena = Mapped(kCounts);
  const uint8_t* end_of_last = arena.memory();
  for (const BufferClass c : kClasses) {
    for (uint32_t index = 0; index < arena.count(c); ++index) {
      const uint8_t* at = arena.Data(arena.IdOf(c, index));
      EXPECT_GE(at - kHeadRoomBytes, end_of_last);
      end_of_last = at + BytesOf(c) + kTailRoomBytes;
    }
  }
  EXPECT_LE(end_of_last, arena.memory() + arena.memory_bytes());
}

TEST(Arena, KeepsWhatIsWrittenToOneBufferOutOfAllOthers) {
  const Arena arena = Mapped(kCounts);
  const auto total = static_cast<BufferId>(20);
  const auto whole = [&arena](BufferId id) {
    return std::span<uint8_t>(arena.Data(id) - kHeadRoomBytes, Arena::Stride(arena.ClassOf(id)));
  };
  for (BufferId id = 0; id < total; ++id) std::ranges::fill(whole(id), static_cast<uint8_t>(id));
  for (BufferId id = 0; id < total; ++id) {
    EXPECT_TRUE(std::ranges::all_of(whole(id), [id](uint8_t byte) { return byte == id; })) << id;
  }
}

TEST(Arena, LeavesHeadRoomForAHeldBackControlFrameAndAFrameHeader) {
  EXPECT_GE(kHeadRoomBytes, 138U + 10U);
}

TEST(Arena, StartsEachClassOnAPage) {
  const Arena arena = Mapped(kCounts);
  for (const BufferClass c : kClasses) {
    const uint8_t* first = arena.Data(arena.IdOf(c, 0)) - kHeadRoomBytes;
    EXPECT_EQ(static_cast<size_t>(first - arena.memory()) % kPageBytes, 0U);
  }
}

TEST(Arena, OffersEveryReceiveBufferOnceAtStart) {
  Arena arena = Mapped(kCounts);
  for (const BufferClass c : {BufferClass::kSmall, BufferClass::kBulk}) {
    std::set<uint32_t> seen;
    for (uint32_t i = 0; i < arena.count(c); ++i) seen.insert(arena.PopReturned(c));
    EXPECT_EQ(seen.size(), arena.count(c));
    EXPECT_LT(*seen.rbegin(), arena.count(c));
    EXPECT_EQ(arena.PopReturned(c), Arena::kNone);
    EXPECT_EQ(arena.leased(c), 0U);
  }
}

TEST(Arena, OffersAReceiveBufferAgainOnlyWhenItsLastLeaseIsGone) {
  Arena arena = Mapped({2, 1, 1, 1});
  const uint32_t first = arena.PopReturned(BufferClass::kSmall);
  static_cast<void>(arena.PopReturned(BufferClass::kSmall));
  Lease lease = arena.Receive(BufferClass::kSmall, first);
  Lease second = lease.Share();
  EXPECT_EQ(arena.leased(BufferClass::kSmall), 1U);
  lease.Return();
  EXPECT_EQ(arena.PopReturned(BufferClass::kSmall), Arena::kNone);
  second.Return();
  EXPECT_EQ(arena.leased(BufferClass::kSmall), 0U);
  EXPECT_EQ(arena.PopReturned(BufferClass::kSmall), first);
  EXPECT_EQ(arena.PopReturned(BufferClass::kSmall), Arena::kNone);
}

TEST(Arena, NamesAReceivedBufferByItsIndexInItsClass) {
  Arena arena = Mapped(kCounts);
  const Lease lease = arena.Receive(BufferClass::kBulk, 3);
  EXPECT_EQ(lease.id(), arena.IdOf(BufferClass::kBulk, 3));
  EXPECT_EQ(lease.data(), arena.Data(lease.id()));
}

TEST(Arena, DiesWhenTheKernelFillsABufferThatIsLeased) {
  Arena arena = Mapped(kCounts);
  const Lease lease = arena.Receive(BufferClass::kSmall, 1);
  EXPECT_DEATH(static_cast<void>(arena.Receive(BufferClass::kSmall, 1)),
               "check failed: references_");
}

TEST(Arena, DiesWhenTheKernelNamesABufferBeyondItsClass) {
  Arena arena = Mapped(kCounts);
  EXPECT_DEATH(static_cast<void>(arena.Receive(BufferClass::kSmall, 8)), "left 8, right 8");
}

TEST(Arena, DiesOnMoreReceiveBuffersThanTheKernelCanName) {
  EXPECT_DEATH(static_cast<void>(Arena::Map({65537, 1, 1, 1})), "left 65537, right 65536");
}

TEST(Arena, TakesOnlyPooledBuffersFromThePools) {
  Arena arena = Mapped(kCounts);
  EXPECT_DEATH(static_cast<void>(arena.TryTake(BufferClass::kSmall)), "check failed");
  EXPECT_DEATH(static_cast<void>(arena.PopReturned(BufferClass::kCell)), "check failed");
}

TEST(Arena, GivesAnEmptyLeaseWhenAPoolIsOut) {
  Arena arena = Mapped(kCounts);
  std::vector<Lease> leases;
  for (uint32_t i = 0; i < 3; ++i) {
    leases.push_back(arena.TryTake(BufferClass::kChunk));
    EXPECT_TRUE(leases.back());
    EXPECT_EQ(arena.ClassOf(leases.back().id()), BufferClass::kChunk);
  }
  EXPECT_EQ(arena.leased(BufferClass::kChunk), 3U);
  EXPECT_FALSE(arena.TryTake(BufferClass::kChunk));
  EXPECT_TRUE(arena.TryTake(BufferClass::kCell)) << "another pool is not touched";
  leases.pop_back();
  EXPECT_TRUE(arena.TryTake(BufferClass::kChunk));
}

TEST(Arena, TakesTheBufferThatCameBackLastFirst) {
  Arena arena = Mapped(kCounts);
  Lease a = arena.TryTake(BufferClass::kCell);
  Lease b = arena.TryTake(BufferClass::kCell);
  const BufferId id_of_a = a.id();
  const BufferId id_of_b = b.id();
  a.Return();
  b.Return();
  a = arena.TryTake(BufferClass::kCell);
  b = arena.TryTake(BufferClass::kCell);
  EXPECT_EQ(a.id(), id_of_b);
  EXPECT_EQ(b.id(), id_of_a);
}

TEST(Arena, TouchesNoMoreMemoryThanItsPeak) {
  Arena arena = Mapped({16, 16, 1024, 1024});
  EXPECT_EQ(TouchedPages(arena), 0U);
  for (uint32_t i = 0; i < 1000; ++i) {
    const Lease lease = arena.TryTake(BufferClass::kCell);
    std::memset(lease.data(), 1, BytesOf(BufferClass::kCell));
  }
  EXPECT_EQ(TouchedPages(arena), 1U);
}

}  // namespace
}  // namespace ringway::base
