// SPDX-License-Identifier: Apache-2.0
//
// The slow, obvious versions that the fast ones of gateway/ws are tested against.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace ringway::ws::oracle {

/// RFC 6455 5.3, as it is written there.
inline uint32_t UnmaskByteByByte(uint8_t* out, const uint8_t* in, size_t bytes, uint32_t mask) {
  uint8_t key[4];
  std::memcpy(key, &mask, 4);
  for (size_t i = 0; i < bytes; ++i) out[i] = in[i] ^ key[i % 4];
  const uint8_t turned[4] = {key[bytes % 4], key[(bytes + 1) % 4], key[(bytes + 2) % 4],
                             key[(bytes + 3) % 4]};
  uint32_t result = 0;
  std::memcpy(&result, turned, 4);
  return result;
}

enum class Character { kWhole, kUnfinished, kBad };

/// What `bytes` (1 to 4, as the lead byte's pattern asks or fewer) are: the code points that they
/// could become form an interval, and one of them must exist.
inline Character ClassifyCharacter(std::span<const uint8_t> bytes) {
  const uint8_t lead = bytes[0];
  if (lead < 0x80) return Character::kWhole;
  const size_t due = lead >= 0xf8 ? 0 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 0;
  if (due == 0) return Character::kBad;
  uint32_t low = lead & (0x7fu >> due);
  uint32_t high = low;
  for (size_t i = 1; i < due; ++i) {
    const bool there = i < bytes.size();
    if (there && (bytes[i] & 0xc0) != 0x80) return Character::kBad;
    low = low << 6 | (there ? bytes[i] & 0x3fu : 0x00u);
    high = high << 6 | (there ? bytes[i] & 0x3fu : 0x3fu);
  }
  const uint32_t shortest[5] = {0, 0, 0x80, 0x800, 0x10000};
  if (low < shortest[due]) low = shortest[due];
  if (high > 0x10ffff) high = 0x10ffff;
  if (low >= 0xd800 && low <= 0xdfff) low = 0xe000;
  if (high >= 0xd800 && high <= 0xdfff) high = 0xd7ff;
  if (low > high) return Character::kBad;
  return bytes.size() >= due ? Character::kWhole : Character::kUnfinished;
}

struct TextVerdict {
  size_t valid_bytes = 0;       // Index of the first byte that nothing can mend; size() if none.
  size_t unfinished_bytes = 0;  // Of an unfinished character at the end, when none is bad.
};

inline TextVerdict JudgeText(std::span<const uint8_t> text) {
  size_t at = 0;
  while (at < text.size()) {
    size_t count = 1;
    Character character = ClassifyCharacter(text.subspan(at, count));
    while (character == Character::kUnfinished && at + count < text.size()) {
      character = ClassifyCharacter(text.subspan(at, ++count));
    }
    if (character == Character::kBad) return {at + count - 1, 0};
    if (character == Character::kUnfinished) return {text.size(), count};
    at += count;
  }
  return {text.size(), 0};
}

}  // namespace ringway::ws::oracle
