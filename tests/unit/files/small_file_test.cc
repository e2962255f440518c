// SPDX-License-Identifier: Apache-2.0
//
// Content that nobody can change.
#include "gateway/files/small_file.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <vector>

#include "tests/kernel/descriptor_limit.h"

namespace ringway::files {
namespace {

std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

size_t OpenDescriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(all), end(all)));
}

TEST(SmallFile, HasTheBytesThatItWasGiven) {
  std::vector<uint8_t> bytes(3 * 4096 + 17);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 7);
  const auto file = SmallFile::Create(bytes);
  ASSERT_NE(file, nullptr);
  EXPECT_NE(file->data(), bytes.data());
  EXPECT_TRUE(std::ranges::equal(file->content(), bytes));
}

TEST(SmallFile, MayBeEmpty) {
  const auto file = SmallFile::Create({});
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(file->data(), nullptr);
  EXPECT_EQ(file->bytes(), 0U);
}

TEST(SmallFile, CannotBeMadeWritable) {
  const auto file = SmallFile::Create(Bytes("sealed"));
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(mprotect(const_cast<uint8_t*>(file->data()), 4096, PROT_READ | PROT_WRITE), -1);
  EXPECT_EQ(errno, EACCES);
}

TEST(SmallFile, KeepsNoDescriptor) {
  const size_t before = OpenDescriptors();
  const auto file = SmallFile::Create(Bytes("x"));
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST(SmallFile, IsNoneWithoutADescriptor) {
  const rooms::NoDescriptorLeft none;
  EXPECT_EQ(SmallFile::Create(Bytes("x")), nullptr);
  EXPECT_NE(SmallFile::Create({}), nullptr) << "an empty one needs none";
}

TEST(SmallFile, TakesWholePages) {
  EXPECT_EQ(SmallFile::MemoryBytes(0), 0U);
  EXPECT_EQ(SmallFile::MemoryBytes(1), 4096U);
  EXPECT_EQ(SmallFile::MemoryBytes(4096), 4096U);
  EXPECT_EQ(SmallFile::MemoryBytes(4097), 8192U);
}

}  // namespace
}  // namespace ringway::files
