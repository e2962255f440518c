// SPDX-License-Identifier: Apache-2.0
//
// First in, first out.
#include "gateway/base/fifo.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <fstream>

namespace ringway::base {
namespace {

/// Of this process.
uint64_t ResidentPages() {
  std::ifstream statm("/proc/self/statm");
  uint64_t size = 0;
  uint64_t resident = 0;
  statm >> size >> resident;
  return resident;
}

TEST(Fifo, IsEmptyAtFirst) {
  const auto fifo = *Fifo<uint32_t>::Map(4, "numbers");
  EXPECT_TRUE(fifo.empty());
  EXPECT_EQ(fifo.size(), 0U);
}

TEST(Fifo, GivesValuesInTheOrderTheyCame) {
  auto fifo = *Fifo<uint32_t>::Map(4, "numbers");
  for (uint32_t value = 10; value < 14; ++value) fifo.Push(value);
  EXPECT_EQ(fifo.size(), 4U);
  for (uint32_t value = 10; value < 14; ++value) EXPECT_EQ(fifo.Pop(), value);
  EXPECT_TRUE(fifo.empty());
}

TEST(Fifo, KeepsTheOrderOverItsEnd) {
  auto fifo = *Fifo<uint64_t>::Map(5, "numbers");
  uint64_t pushed = 0;
  uint64_t popped = 0;
  while (popped < 1000) {
    while (fifo.size() < 5) fifo.Push(pushed++);
    for (int i = 0; i < 3; ++i) ASSERT_EQ(fifo.Pop(), popped++);
  }
}

TEST(Fifo, BeginsAnewWhereItBeganWhenItIsEmpty) {
  // A page each. WHY so many: the process has other memory, and the kernel's count is approximate.
  using Page = std::array<uint8_t, 4096>;
  constexpr uint32_t kCapacity = 1 << 14;
  auto fifo = *Fifo<Page>::Map(kCapacity, "pages");
  const uint64_t before = ResidentPages();
  for (uint32_t i = 0; i < kCapacity; ++i) {
    fifo.Push({static_cast<uint8_t>(i)});
    fifo.Push({static_cast<uint8_t>(i + 1)});
    ASSERT_EQ(fifo.Pop()[0], static_cast<uint8_t>(i));
    ASSERT_EQ(fifo.Pop()[0], static_cast<uint8_t>(i + 1));
  }
  EXPECT_LT(ResidentPages(), before + kCapacity / 4) << "of the pages that it is mapped for";
}

TEST(Fifo, HasRoomForAtLeastItsCapacity) {
  for (const uint32_t capacity : {1U, 2U, 3U, 5U, 8U, 1000U}) {
    auto fifo = *Fifo<uint32_t>::Map(capacity, "numbers");
    for (uint32_t i = 0; i < capacity; ++i) fifo.Push(i);
    EXPECT_EQ(fifo.size(), capacity);
  }
}

TEST(Fifo, DiesWhenFull) {
  auto fifo = *Fifo<uint32_t>::Map(2, "numbers");
  fifo.Push(1);
  fifo.Push(2);
  EXPECT_DEATH(fifo.Push(3), "check failed: size\\(\\) <= mask_ \\(left 2, right 1\\)");
}

TEST(Fifo, DiesWhenPoppedEmpty) {
  auto fifo = *Fifo<uint32_t>::Map(2, "numbers");
  EXPECT_DEATH(static_cast<void>(fifo.Pop()), "check failed: !empty");
}

}  // namespace
}  // namespace ringway::base
