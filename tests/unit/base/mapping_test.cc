// SPDX-License-Identifier: Apache-2.0
//
// The owner of a mapping.
#include "gateway/base/mapping.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <string>
#include <utility>

namespace ringway::base {
namespace {

TEST(Mapping, IsZeroedAndWritable) {
  const Mapping mapping = *Mapping::Reserve(10'000, "test");
  ASSERT_EQ(mapping.bytes(), 10'000U);
  const std::span<uint8_t> bytes(mapping.data(), mapping.bytes());
  EXPECT_TRUE(std::ranges::all_of(bytes, [](uint8_t byte) { return byte == 0; }));
  bytes.back() = 1;
  EXPECT_EQ(mapping.data()[9'999], 1);
}

TEST(Mapping, HasOneOwnerAfterAMove) {
  Mapping first = *Mapping::Reserve(4096, "test");
  uint8_t* at = first.data();
  Mapping second(std::move(first));
  EXPECT_EQ(first.data(), nullptr);  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(first.bytes(), 0U);
  EXPECT_EQ(second.data(), at);
  Mapping third;
  third = std::move(second);
  EXPECT_EQ(third.data(), at);
  EXPECT_EQ(third.bytes(), 4096U);
}

TEST(Mapping, ReleasesWholePagesInsideTheRangeOnly) {
  Mapping mapping = *Mapping::Reserve(4 * 4096, "test");
  std::fill_n(mapping.data(), mapping.bytes(), uint8_t{7});
  mapping.Release(4095, 4096 + 2);  // the second page, and a byte on each side
  EXPECT_EQ(mapping.data()[4095], 7);
  EXPECT_EQ(mapping.data()[4096], 0);
  EXPECT_EQ(mapping.data()[8191], 0);
  EXPECT_EQ(mapping.data()[8192], 7);
  mapping.Release(8193, 4096);  // no whole page
  EXPECT_EQ(mapping.data()[8193], 7);
  EXPECT_EQ(mapping.data()[12287], 7);
}

TEST(Mapping, SaysWhatCouldNotBeReservedAndWhatToDo) {
  const auto mapping = Mapping::Reserve(SIZE_MAX / 2, "moon");
  ASSERT_FALSE(mapping.ok());
  EXPECT_EQ(mapping.status().code(), absl::StatusCode::kResourceExhausted);
  const std::string message(mapping.status().message());
  EXPECT_NE(message.find("for the moon"), std::string::npos) << message;
  EXPECT_NE(message.find("[limits]"), std::string::npos) << message;
}

}  // namespace
}  // namespace ringway::base
