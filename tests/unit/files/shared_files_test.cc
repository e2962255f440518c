// SPDX-License-Identifier: Apache-2.0
//
// What workers share, and when it goes.
#include "gateway/files/shared_files.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/kernel/descriptor_limit.h"

namespace ringway::files {
namespace {

std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

uring::FileStatus Status(uint64_t inode, uint64_t bytes) {
  return {.is_regular = true,
          .device = 1,
          .inode = inode,
          .bytes = bytes,
          .modified_ns = 5,
          .changed_ns = 7};
}

TEST(SharedFiles, FindsWhatSomebodyKeeps) {
  SharedFiles files({.bytes_max = 1 << 20});
  const auto kept = files.Keep(Status(1, 3), Bytes("abc"));
  ASSERT_NE(kept, nullptr);
  EXPECT_EQ(files.Find(Status(1, 3)), kept);
  EXPECT_EQ(files.bytes(), 4096U);
  EXPECT_EQ(files.files(), 1U);
}

TEST(SharedFiles, FindsNothingOfAnotherStatus) {
  SharedFiles files({.bytes_max = 1 << 20});
  const auto kept = files.Keep(Status(1, 3), Bytes("abc"));
  for (const auto change :
       {&uring::FileStatus::device, &uring::FileStatus::inode, &uring::FileStatus::bytes}) {
    uring::FileStatus other = Status(1, 3);
    ++(other.*change);
    EXPECT_EQ(files.Find(other), nullptr);
  }
  for (const auto change : {&uring::FileStatus::modified_ns, &uring::FileStatus::changed_ns}) {
    uring::FileStatus other = Status(1, 3);
    ++(other.*change);
    EXPECT_EQ(files.Find(other), nullptr);
  }
}

TEST(SharedFiles, LetsGoOfWhatNobodyHolds) {
  SharedFiles files({.bytes_max = 1 << 20});
  auto kept = files.Keep(Status(1, 3), Bytes("abc"));
  auto found = files.Find(Status(1, 3));
  kept.reset();
  EXPECT_EQ(files.files(), 1U);
  found.reset();
  EXPECT_EQ(files.files(), 0U);
  EXPECT_EQ(files.bytes(), 0U);
  EXPECT_EQ(files.Find(Status(1, 3)), nullptr);
}

TEST(SharedFiles, GivesWhoComesSecondWhatIsThere) {
  SharedFiles files({.bytes_max = 1 << 20});
  const auto first = files.Keep(Status(1, 3), Bytes("abc"));
  EXPECT_EQ(files.Keep(Status(1, 3), Bytes("abc")), first);
  EXPECT_EQ(files.files(), 1U);
}

TEST(SharedFiles, TakesNoMoreBytesThanItsBound) {
  SharedFiles files({.bytes_max = 3 * 4096});
  const auto two_pages = files.Keep(Status(1, 5000), Bytes(std::string(5000, 'x')));
  ASSERT_NE(two_pages, nullptr);
  EXPECT_FALSE(files.HasRoom(4097));
  EXPECT_EQ(files.Keep(Status(2, 4097), Bytes(std::string(4097, 'x'))), nullptr);
  EXPECT_EQ(files.bytes(), 2 * 4096U) << "a refusal takes nothing";
  EXPECT_TRUE(files.HasRoom(4096));
  auto one_page = files.Keep(Status(2, 4096), Bytes(std::string(4096, 'x')));
  ASSERT_NE(one_page, nullptr);
  EXPECT_FALSE(files.HasRoom(1));
  EXPECT_TRUE(files.HasRoom(0)) << "an empty file takes no memory";
  one_page.reset();
  EXPECT_TRUE(files.HasRoom(1));
}

TEST(SharedFiles, TakesNoMoreFilesThanItsBound) {
  SharedFiles files({.bytes_max = 1 << 20, .files_max = 2});
  const auto a = files.Keep(Status(1, 1), Bytes("a"));
  auto b = files.Keep(Status(2, 1), Bytes("b"));
  EXPECT_FALSE(files.HasRoom(1));
  EXPECT_EQ(files.Keep(Status(3, 1), Bytes("c")), nullptr);
  EXPECT_EQ(files.bytes(), 2 * 4096U) << "a refusal takes nothing";
  b.reset();
  EXPECT_NE(files.Keep(Status(3, 1), Bytes("c")), nullptr);
}

TEST(SharedFiles, TakesNothingWhereTheKernelHasNoMemoryForIt) {
  SharedFiles files({.bytes_max = 1 << 20});
  {
    const rooms::NoDescriptorLeft none;
    EXPECT_EQ(files.Keep(Status(1, 1), Bytes("a")), nullptr);
  }
  EXPECT_EQ(files.bytes(), 0U);
  EXPECT_EQ(files.files(), 0U);
}

TEST(SharedFiles, FindsNoMoreWhatItWasToldToForget) {
  SharedFiles files({.bytes_max = 1 << 20});
  const auto old_file = files.Keep(Status(1, 3), Bytes("old"));
  files.Forget(Status(1, 3));
  EXPECT_EQ(files.Find(Status(1, 3)), nullptr);
  const auto new_file = files.Keep(Status(1, 3), Bytes("new"));
  EXPECT_NE(new_file, old_file);
  EXPECT_EQ(files.Find(Status(1, 3)), new_file);
  EXPECT_EQ(old_file->data()[0], 'o') << "who has it keeps it";
}

TEST(SharedFiles, KeepsMoreThanItCanShare) {
  SharedFiles files({.bytes_max = 1 << 20, .files_max = 64});
  std::vector<std::shared_ptr<const SmallFile>> all;
  for (uint64_t i = 0; i < 64; ++i) all.push_back(files.Keep(Status(i, 1), Bytes("x")));
  uint32_t found = 0;
  for (uint64_t i = 0; i < 64; ++i) {
    ASSERT_NE(all[i], nullptr);
    const auto shared = files.Find(Status(i, 1));
    EXPECT_TRUE(shared == nullptr || shared == all[i]);
    found += shared != nullptr ? 1 : 0;
  }
  EXPECT_GT(found, 32U);
  EXPECT_EQ(files.files(), 64U);
}

TEST(SharedFiles, OutlivesNoFileThatSomebodyHolds) {
  std::shared_ptr<const SmallFile> kept;
  {
    SharedFiles files({.bytes_max = 1 << 20});
    kept = files.Keep(Status(1, 3), Bytes("abc"));
  }
  EXPECT_EQ(kept->data()[2], 'c');
}

TEST(SharedFiles, IsOneForManyThreads) {
  SharedFiles files({.bytes_max = 16 * 4096, .files_max = 16});
  std::atomic<uint32_t> wrong = 0;
  const auto work = [&](uint64_t first) {
    for (uint64_t i = 0; i < 400; ++i) {
      const uint64_t inode = (first + i) % 24;
      const std::string text(inode + 1, static_cast<char>('a' + inode));
      auto file = files.Find(Status(inode, text.size()));
      if (file == nullptr) file = files.Keep(Status(inode, text.size()), Bytes(text));
      if (files.bytes() > 16 * 4096 || files.files() > 16) ++wrong;
      if (file != nullptr && (file->bytes() != inode + 1 || file->data()[inode] != text[0]))
        ++wrong;
      if (i % 50 == 0) files.Forget(Status(inode, text.size()));
    }
  };
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 4; ++t) threads.emplace_back(work, t * 5);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0U);
  EXPECT_EQ(files.bytes(), 0U);
  EXPECT_EQ(files.files(), 0U);
}

}  // namespace
}  // namespace ringway::files
