// SPDX-License-Identifier: Apache-2.0
#include "uring/buffer_groups.h"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>

namespace ringway::uring {
namespace {

constexpr uint16_t kGroup = 7;
constexpr uint16_t kEntries = 4;
constexpr uint16_t kBuffers = 3;
constexpr uint32_t kBytes = 16;

/// The owner of the buffers; `buffer_ring.h` does the same on a mapping of its own.
class BufferGroupsTest : public testing::Test {
 protected:
  BufferGroupsTest() { io_uring_buf_ring_init(ring()); }

  io_uring_buf_ring* ring() { return reinterpret_cast<io_uring_buf_ring*>(page_.data()); }
  io_uring_buf_reg Registration(uint32_t entries = kEntries) {
    return {.ring_addr = reinterpret_cast<uint64_t>(page_.data()),
            .ring_entries = entries,
            .bgid = kGroup};
  }
  void Publish(uint16_t index) {
    io_uring_buf_ring_add(ring(), buffers_[index].data(), kBytes, index, kEntries - 1, 0);
    io_uring_buf_ring_advance(ring(), 1);
  }

  alignas(4096) std::array<uint8_t, 4096> page_{};
  std::array<std::array<uint8_t, kBytes>, kBuffers> buffers_{};
  BufferGroups groups_;
};

TEST_F(BufferGroupsTest, GivesBuffersInTheOrderInWhichTheyWerePublished) {
  ASSERT_EQ(groups_.Register(Registration()), 0);
  EXPECT_EQ(groups_.Available(kGroup), 0U);
  EXPECT_FALSE(groups_.Front(kGroup));
  for (const uint16_t index : {uint16_t{2}, uint16_t{0}}) Publish(index);
  EXPECT_EQ(groups_.Available(kGroup), 2U);
  const auto first = groups_.Front(kGroup);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->index, 2);
  EXPECT_EQ(first->bytes.data(), buffers_[2].data());
  EXPECT_EQ(first->bytes.size(), kBytes);
  EXPECT_EQ(groups_.Available(kGroup), 2U) << "it was looked at, and left where it is";
  groups_.Take(kGroup);
  ASSERT_TRUE(groups_.Front(kGroup));
  EXPECT_EQ(groups_.Front(kGroup)->index, 0);
  groups_.Take(kGroup);
  EXPECT_EQ(groups_.Available(kGroup), 0U);
}

TEST_F(BufferGroupsTest, CountsBeyondSixteenBits) {
  ASSERT_EQ(groups_.Register(Registration()), 0);
  for (uint32_t i = 0; i < 70'000; ++i) {
    const auto index = static_cast<uint16_t>(i % kBuffers);
    Publish(index);
    ASSERT_EQ(groups_.Available(kGroup), 1U);
    ASSERT_EQ(groups_.Front(kGroup)->index, index);
    groups_.Take(kGroup);
  }
  EXPECT_EQ(groups_.taken(kGroup), static_cast<uint16_t>(70'000));
}

TEST_F(BufferGroupsTest, ShowsWhatWasPublishedToWhoeverWatches) {
  ASSERT_EQ(groups_.Register(Registration()), 0);
  for (const uint16_t index : {uint16_t{1}, uint16_t{2}}) Publish(index);
  EXPECT_EQ(groups_.taken(kGroup), 0);
  EXPECT_EQ(groups_.published(kGroup), 2);
  EXPECT_EQ(groups_.At(kGroup, 0).index, 1);
  EXPECT_EQ(groups_.At(kGroup, 1).index, 2);
  groups_.Take(kGroup);
  EXPECT_EQ(groups_.taken(kGroup), 1);
  EXPECT_EQ(groups_.published(kGroup), 2);
}

TEST_F(BufferGroupsTest, KeepsGroupsApart) {
  alignas(4096) std::array<uint8_t, 4096> other{};
  io_uring_buf_reg of_other = Registration();
  of_other.ring_addr = reinterpret_cast<uint64_t>(other.data());
  of_other.bgid = kGroup + 1;
  ASSERT_EQ(groups_.Register(Registration()), 0);
  ASSERT_EQ(groups_.Register(of_other), 0);
  Publish(1);
  EXPECT_EQ(groups_.Available(kGroup), 1U);
  EXPECT_EQ(groups_.Available(kGroup + 1), 0U);
}

TEST_F(BufferGroupsTest, AnswersAsLinuxDoesWhereARegistrationIsWrong) {
  EXPECT_EQ(groups_.Unregister(kGroup), -ENOENT);
  EXPECT_EQ(groups_.Register(Registration(0)), -EINVAL);
  EXPECT_EQ(groups_.Register(Registration(3)), -EINVAL);
  EXPECT_EQ(groups_.Register(Registration(65'536)), -EINVAL);
  io_uring_buf_reg nowhere = Registration();
  nowhere.ring_addr = 0;
  EXPECT_EQ(groups_.Register(nowhere), -EFAULT);
  io_uring_buf_reg askew = Registration();
  askew.ring_addr += sizeof(io_uring_buf);
  EXPECT_EQ(groups_.Register(askew), -EINVAL);
  EXPECT_EQ(groups_.Register(Registration()), 0);
  EXPECT_EQ(groups_.Register(Registration()), -EEXIST);
  EXPECT_EQ(groups_.Unregister(kGroup), 0);
  EXPECT_EQ(groups_.Available(kGroup), 0U) << "there is no such group any more";
  EXPECT_EQ(groups_.Register(Registration(32'768)), 0);
}

TEST(BufferFlags, NameTheBuffer) {
  const uint32_t flags = BufferFlags(0xabcd);
  EXPECT_NE(flags & IORING_CQE_F_BUFFER, 0U);
  EXPECT_EQ(flags >> IORING_CQE_BUFFER_SHIFT, 0xabcdU);
  EXPECT_EQ(flags & IORING_CQE_F_MORE, 0U);
}

}  // namespace
}  // namespace ringway::uring
