// SPDX-License-Identifier: Apache-2.0
//
// The fast unmasking against the slow one.
#include "gateway/ws/mask.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "tests/property/ws/oracles.h"

namespace ringway::ws {
namespace {

constexpr uint32_t kMasks[] = {0x00000000, 0xffffffff, 0x01020304, 0x80c3f05a};
constexpr uint8_t kUntouched = 0xa5;

std::vector<uint8_t> Pattern(size_t bytes) {
  std::vector<uint8_t> pattern(bytes);
  uint32_t state = 1;
  for (uint8_t& byte : pattern) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<uint8_t>(state >> 24);
  }
  return pattern;
}

struct Place {
  size_t align;
  size_t shift;  // How far in front of the input the output begins.
};

/// Unmasks in one buffer with `place.shift` bytes between output and input, and compares the whole
/// buffer, so that a byte touched outside shows too.
void ExpectSameAsOracle(size_t bytes, Place place, uint32_t mask) {
  constexpr size_t kMargin = 80;
  const std::vector<uint8_t> masked = Pattern(bytes);
  std::vector<uint8_t> buffer(kMargin + place.align + place.shift + bytes + kMargin, kUntouched);
  uint8_t* out = buffer.data() + kMargin + place.align;
  if (bytes > 0) std::memcpy(out + place.shift, masked.data(), bytes);
  std::vector<uint8_t> expected = buffer;
  const uint32_t expected_mask =
      oracle::UnmaskByteByByte(expected.data() + kMargin + place.align, masked.data(), bytes, mask);
  // Between the end of the output and the end of the input the input stays as it was.
  const uint32_t next = Unmask(out, out + place.shift, bytes, mask);
  ASSERT_EQ(next, expected_mask) << bytes;
  ASSERT_EQ(buffer, expected) << bytes << " bytes, align " << place.align << ", shift "
                              << place.shift;
}

TEST(Unmask, EqualsByteByByteForEveryLengthAlignmentAndShift) {
  for (size_t bytes = 0; bytes <= 300; ++bytes) {
    for (size_t align = 0; align < 16; ++align) {
      for (const size_t shift : {0, 1, 2, 4, 6, 8, 14, 15, 16, 17, 31, 33, 64}) {
        ExpectSameAsOracle(bytes, {align, shift}, kMasks[(bytes + align + shift) % 4]);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(Unmask, EqualsByteByByteAroundEveryThreshold) {
  for (const size_t around : {512, 1024, 2048, 4096, 65536}) {
    for (size_t bytes = around - 70; bytes < around + 70; ++bytes) {
      for (const size_t shift : {0, 1, 6, 14, 100}) {
        ExpectSameAsOracle(bytes, {bytes % 32, shift}, kMasks[2 + bytes % 2]);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(Unmask, PiecesWithTheReturnedMaskEqualTheWhole) {
  const std::vector<uint8_t> masked = Pattern(200);
  std::vector<uint8_t> expected(200);
  oracle::UnmaskByteByByte(expected.data(), masked.data(), 200, kMasks[3]);
  for (size_t first = 0; first <= 200; ++first) {
    for (size_t second = first; second <= 200; second += 7) {
      std::vector<uint8_t> out(200);
      uint32_t mask = Unmask(out.data(), masked.data(), first, kMasks[3]);
      mask = Unmask(out.data() + first, masked.data() + first, second - first, mask);
      Unmask(out.data() + second, masked.data() + second, 200 - second, mask);
      ASSERT_EQ(out, expected) << first << ", " << second;
    }
  }
}

}  // namespace
}  // namespace ringway::ws
