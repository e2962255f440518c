// SPDX-License-Identifier: Apache-2.0
//
// Bytes that name their own place in a stream, so that a lost, doubled or misplaced run of them is
// seen at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ringway::loopback {

/// Byte `at` of the stream. 251 is prime to every buffer size: a piece in the wrong place differs.
inline uint8_t PatternAt(size_t at) { return static_cast<uint8_t>(at % 251 + at / 251); }

inline std::vector<uint8_t> Pattern(size_t from, size_t count) {
  std::vector<uint8_t> bytes(count);
  for (size_t i = 0; i < count; ++i) bytes[i] = PatternAt(from + i);
  return bytes;
}

/// The first place in `bytes` that differs from the stream's; bytes.size() if none does.
inline size_t FirstDifference(std::span<const uint8_t> bytes, size_t from = 0) {
  size_t at = 0;
  while (at < bytes.size() && bytes[at] == PatternAt(from + at)) ++at;
  return at;
}

}  // namespace ringway::loopback
