// SPDX-License-Identifier: Apache-2.0
//
// Message content: the same from any offset, and different wherever something could go wrong.
#include "bench/load/pattern.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ringway::load {
namespace {

std::vector<uint8_t> Whole(const Pattern& pattern, MessageId id) {
  std::vector<uint8_t> bytes(pattern.message_bytes());
  pattern.Copy(id, 0, bytes);
  return bytes;
}

TEST(Pattern, IsTheSameInPiecesOfAnySize) {
  const Pattern pattern(1, 200'000);
  const MessageId id = {3, 17};
  const std::vector<uint8_t> whole = Whole(pattern, id);
  for (size_t step : {1u, 7u, 15u, 4096u, 65521u, 131072u}) {
    std::vector<uint8_t> joined(whole.size());
    for (size_t at = 0; at < joined.size(); at += step) {
      const size_t some = std::min(step, joined.size() - at);
      pattern.Copy(id, at, std::span(joined).subspan(at, some));
      ASSERT_TRUE(pattern.Matches(id, at, std::span(joined).subspan(at, some), Verify::kFull));
    }
    EXPECT_EQ(joined, whole) << step;
  }
}

TEST(Pattern, MasksAsTheStandardSaysFromAnyOffset) {
  const Pattern pattern(1, 1000);
  const MessageId id = {1, 2};
  const MaskKey key = {1, 2, 3, 4};
  const std::vector<uint8_t> whole = Whole(pattern, id);
  for (size_t offset = 0; offset < 40; ++offset) {
    std::vector<uint8_t> masked(whole.size() - offset);
    pattern.CopyMasked(id, offset, key, masked);
    for (size_t i = 0; i < masked.size(); ++i) {
      ASSERT_EQ(masked[i], whole[offset + i] ^ key[(offset + i) % 4]);
    }
  }
}

TEST(Pattern, SeesOneChangedByte) {
  const Pattern pattern(1, 64);
  std::vector<uint8_t> bytes = Whole(pattern, {0, 64});
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] ^= 1;
    EXPECT_FALSE(pattern.Matches({0, 64}, 0, bytes, Verify::kFull)) << i;
    EXPECT_FALSE(pattern.Matches({0, 64}, 0, bytes, Verify::kSample)) << i;
    EXPECT_TRUE(pattern.Matches({0, 64}, 0, bytes, Verify::kOff));
    bytes[i] ^= 1;
  }
}

TEST(Pattern, SamplesTheHeadsOfAllMessages) {
  const Pattern pattern(1, 64);
  std::vector<uint8_t> bytes = Whole(pattern, {0, 5});
  bytes[40] ^= 1;
  EXPECT_TRUE(pattern.Matches({0, 5}, 0, bytes, Verify::kSample));
  bytes[0] ^= 1;
  EXPECT_FALSE(pattern.Matches({0, 5}, 0, bytes, Verify::kSample));
}

TEST(Pattern, DiffersBetweenMessagesConnectionsRunsAndShifts) {
  const Pattern pattern(1, 4096);
  const std::vector<uint8_t> bytes = Whole(pattern, {4, 9});
  EXPECT_FALSE(pattern.Matches({4, 10}, 0, bytes, Verify::kFull));
  EXPECT_FALSE(pattern.Matches({5, 9}, 0, bytes, Verify::kFull));
  EXPECT_FALSE(Pattern(2, 4096).Matches({4, 9}, 0, bytes, Verify::kFull));
  EXPECT_FALSE(pattern.Matches({4, 9}, 1, std::span(bytes).first(4095), Verify::kFull));
}

}  // namespace
}  // namespace ringway::load
