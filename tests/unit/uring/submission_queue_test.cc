// SPDX-License-Identifier: Apache-2.0
#include "uring/submission_queue.h"

#include <gtest/gtest.h>

namespace ringway::uring {
namespace {

TEST(SubmissionQueue, GivesWhatWasPreparedInItsOrder) {
  SubmissionQueue queue(4);
  RingMemory memory;
  queue.LendTo(memory);
  EXPECT_EQ(memory.sq_entries, 4U);
  EXPECT_EQ(memory.cqes, nullptr) << "the completion side is none of its business";
  for (uint64_t name = 0; name < 100; name += 3) {
    EXPECT_EQ(queue.prepared(), 0U);
    for (uint64_t i = 0; i < 3; ++i) {
      memory.sqes[*memory.sq_tail & (memory.sq_entries - 1)].user_data = name + i;
      ++*memory.sq_tail;
    }
    EXPECT_EQ(queue.prepared(), 3U);
    for (uint64_t i = 0; i < 3; ++i) EXPECT_EQ(queue.Take().user_data, name + i);
    EXPECT_EQ(*memory.sq_head, *memory.sq_tail) << "whoever prepares sees that they were taken";
  }
}

TEST(SubmissionQueue, ShowsItsFlags) {
  SubmissionQueue queue(1);
  RingMemory memory;
  queue.LendTo(memory);
  EXPECT_EQ(*memory.sq_flags, 0U);
  queue.SetFlags(IORING_SQ_CQ_OVERFLOW);
  EXPECT_EQ(*memory.sq_flags, IORING_SQ_CQ_OVERFLOW);
  queue.SetFlags(0);
  EXPECT_EQ(*memory.sq_flags, 0U);
}

}  // namespace
}  // namespace ringway::uring
