// SPDX-License-Identifier: Apache-2.0
//
// Many writers, one reader, and a bound.
#include "gateway/base/mailbox.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <thread>
#include <vector>

namespace ringway::base {
namespace {

using Box = Mailbox<int, 8>;

std::vector<int> TakeAll(Box& box) {
  std::vector<int> taken;
  for (int mail = 0; box.TryTake(mail);) taken.push_back(mail);
  return taken;
}

TEST(Mailbox, GivesWhatOneThreadPostedInItsOrder) {
  Box box;
  int mail = 0;
  EXPECT_FALSE(box.TryTake(mail)) << "there is none yet";
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(box.TryPost(3 * round + i));
    EXPECT_EQ(TakeAll(box), (std::vector<int>{3 * round, 3 * round + 1, 3 * round + 2}));
  }
}

TEST(Mailbox, RefusesWhatItHasNoRoomForButKeepsSomeForWhatIsUrgent) {
  Box box;
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(box.TryPost(int{i}));
  EXPECT_FALSE(box.TryPost(4)) << "four of eight are for what is urgent";
  for (int i = 4; i < 8; ++i) EXPECT_TRUE(box.TryPost(int{i}, Urgency::kUrgent));
  EXPECT_FALSE(box.TryPost(8, Urgency::kUrgent));
  EXPECT_EQ(TakeAll(box), (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_TRUE(box.TryPost(9));
}

TEST(Mailbox, LeavesWhatItRefusesWithItsOwner) {
  Mailbox<std::unique_ptr<int>, 8> box;
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(box.TryPost(std::make_unique<int>(i)));
  auto mail = std::make_unique<int>(4);
  EXPECT_FALSE(box.TryPost(std::move(mail)));
  ASSERT_NE(mail, nullptr);  // NOLINT(bugprone-use-after-move): that is what is promised
  EXPECT_EQ(*mail, 4);
}

/// Moved from, it still holds what it held.
struct Kept {
  std::shared_ptr<int> held;
  Kept() = default;
  explicit Kept(std::shared_ptr<int> what) : held(std::move(what)) {}
  Kept(Kept&& other) noexcept : held(other.held) {}
  Kept& operator=(Kept&& other) noexcept {
    held = other.held;
    return *this;
  }
};

TEST(Mailbox, FreesWhatIsTakenAtOnce) {
  Mailbox<Kept, 8> box;
  const auto mail = std::make_shared<int>(1);
  EXPECT_TRUE(box.TryPost(Kept(mail)));
  Kept taken;
  EXPECT_TRUE(box.TryTake(taken));
  EXPECT_EQ(mail.use_count(), 2) << "the cell still holds it";
}

TEST(Mailbox, LosesAndDoublesNothingOfManyThreads) {
  constexpr int kWriters = 4;
  constexpr int kEach = 20'000;
  Box box;
  std::array<int, kWriters> next{};
  bool in_order = true;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&box, writer] {
      for (int i = 0; i < kEach;) {
        if (box.TryPost(writer * kEach + i)) {
          ++i;
        } else {
          std::this_thread::yield();
        }
      }
    });
  }
  for (int taken = 0; taken < kWriters * kEach;) {
    int mail = 0;
    if (!box.TryTake(mail)) {
      std::this_thread::yield();
      continue;
    }
    ++taken;
    in_order &= mail % kEach == next[static_cast<size_t>(mail / kEach)]++;
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_TRUE(in_order) << "what one thread posts is taken in its order";
  int mail = 0;
  EXPECT_FALSE(box.TryTake(mail));
}

}  // namespace
}  // namespace ringway::base
