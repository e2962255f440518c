// SPDX-License-Identifier: Apache-2.0
#include "uring/completion_queue.h"

#include <gtest/gtest.h>

#include <vector>

namespace ringway::uring {
namespace {

/// Reads the queue as the worker does: by what was lent, and by nothing else.
class Reader {
 public:
  explicit Reader(CompletionQueue& queue) { queue.LendTo(memory_); }

  std::vector<uint64_t> Read(size_t most) {
    std::vector<uint64_t> read;
    for (; *memory_.cq_head != *memory_.cq_tail && read.size() < most; ++*memory_.cq_head) {
      read.push_back(memory_.cqes[*memory_.cq_head & (memory_.cq_entries - 1)].user_data);
    }
    return read;
  }
  const io_uring_cqe& front() const {
    return memory_.cqes[*memory_.cq_head & (memory_.cq_entries - 1)];
  }
  const RingMemory& memory() const { return memory_; }

 private:
  RingMemory memory_;
};

using Names = std::vector<uint64_t>;

TEST(CompletionQueue, LendsWhatWasPosted) {
  CompletionQueue queue(4);
  Reader reader(queue);
  EXPECT_EQ(reader.memory().cq_entries, 4U);
  EXPECT_EQ(reader.memory().sqes, nullptr) << "the submission side is none of its business";
  queue.Post({.user_data = 7, .res = -5, .flags = IORING_CQE_F_MORE});
  EXPECT_EQ(queue.ready(), 1U);
  EXPECT_EQ(reader.front().user_data, 7U);
  EXPECT_EQ(reader.front().res, -5);
  EXPECT_EQ(reader.front().flags, IORING_CQE_F_MORE);
  EXPECT_EQ(queue.read(), 0U);
  EXPECT_EQ(reader.Read(9), Names{7});
  EXPECT_EQ(queue.read(), 1U);
  EXPECT_EQ(queue.ready(), 0U);
}

TEST(CompletionQueue, KeepsWhatFindsItFullUntilItIsRefilled) {
  CompletionQueue queue(2);
  Reader reader(queue);
  for (uint64_t name = 1; name <= 5; ++name) {
    EXPECT_EQ(queue.HasRoom(), name <= 2);
    queue.Post({.user_data = name});
    EXPECT_EQ(queue.overflown(), name > 2);
  }
  EXPECT_EQ(reader.Read(9), (Names{1, 2}));
  EXPECT_EQ(reader.Read(9), Names{}) << "the list is the kernel's";
  queue.Refill();
  EXPECT_TRUE(queue.overflown());
  EXPECT_EQ(reader.Read(9), (Names{3, 4}));
  queue.Refill();
  EXPECT_FALSE(queue.overflown());
  EXPECT_EQ(reader.Read(9), Names{5});
}

TEST(CompletionQueue, LetsNothingOvertakeTheList) {
  CompletionQueue queue(2);
  Reader reader(queue);
  for (uint64_t name = 1; name <= 3; ++name) queue.Post({.user_data = name});
  EXPECT_EQ(reader.Read(9), (Names{1, 2}));
  EXPECT_FALSE(queue.HasRoom()) << "the queue is empty, but the list is not";
  queue.Post({.user_data = 4});
  queue.Refill();
  EXPECT_EQ(reader.Read(9), (Names{3, 4}));
}

TEST(CompletionQueue, RefillsNoMoreThanThereIsRoomFor) {
  CompletionQueue queue(4);
  Reader reader(queue);
  for (uint64_t name = 1; name <= 6; ++name) queue.Post({.user_data = name});
  EXPECT_EQ(reader.Read(1), Names{1});
  queue.Refill();
  EXPECT_EQ(queue.ready(), 4U);
  EXPECT_TRUE(queue.overflown());
  EXPECT_EQ(reader.Read(9), (Names{2, 3, 4, 5}));
}

TEST(CompletionQueue, GoesRoundAndRound) {
  CompletionQueue queue(4);
  Reader reader(queue);
  for (uint64_t name = 0; name < 100; name += 3) {
    for (uint64_t i = 0; i < 3; ++i) queue.Post({.user_data = name + i});
    EXPECT_EQ(reader.Read(9), (Names{name, name + 1, name + 2}));
  }
  EXPECT_EQ(queue.read(), 102U);
}

}  // namespace
}  // namespace ringway::uring
