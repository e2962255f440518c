// SPDX-License-Identifier: Apache-2.0
//
// Takes a client's mask off a payload (RFC 6455 5.3), in place or while shifting it forward in its
// buffer: one pass for both. Masking is the same operation.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ringway::ws {

/// The mask as it applies `bytes` further on; in memory order, as it came in.
[[nodiscard]] constexpr uint32_t RotateMask(uint32_t mask, size_t bytes) {
  const int bits = static_cast<int>(bytes % 4) * 8;
  return std::endian::native == std::endian::little ? std::rotr(mask, bits) : std::rotl(mask, bits);
}

/// The part of Unmask for more than 64 bytes; the same contract.
uint32_t UnmaskLong(uint8_t* out, const uint8_t* in, size_t bytes, uint32_t mask);

namespace internal {

/// Four lanes of the mask: SSE2, NEON, or what the compiler makes of it.
using Lanes16 = uint32_t __attribute__((vector_size(16)));

/// word ^= mask, repeated over the word. By pointer: wide vectors have no agreed way as values.
template <typename Word>
[[gnu::always_inline]] inline void Apply(uint32_t mask, Word* word) {
  if constexpr (sizeof(Word) == sizeof(uint64_t)) {
    *word ^= mask * 0x1'0000'0001ULL;
  } else {
    *word ^= Word{} + mask;
  }
}

/// Two words that cover `bytes` and may overlap. REQUIRES: sizeof(Word) <= bytes <= 2 *
/// sizeof(Word). Both are loaded before either is stored, so the overlap is unmasked once. `turned`
/// is the mask after `bytes`, and so also that of the last word: words are multiples of the mask.
template <typename Word>
[[gnu::always_inline]] inline void UnmaskTwo(uint8_t* out, const uint8_t* in, size_t bytes,
                                             uint32_t mask, uint32_t turned) {
  const size_t last = bytes - sizeof(Word);
  Word head;
  Word tail;
  std::memcpy(&head, in, sizeof(Word));
  std::memcpy(&tail, in + last, sizeof(Word));
  Apply(mask, &head);
  Apply(turned, &tail);
  std::memcpy(out, &head, sizeof(Word));
  std::memcpy(out + last, &tail, sizeof(Word));
}

/// The same with two words at either end. REQUIRES: 2 * sizeof(Word) <= bytes <= 4 * sizeof(Word).
/// Four names and no array, which GCC 12 would also write to the stack.
template <typename Word>
[[gnu::always_inline]] inline void UnmaskFour(uint8_t* out, const uint8_t* in, size_t bytes,
                                              uint32_t mask, uint32_t turned) {
  constexpr size_t kWord = sizeof(Word);
  Word first;
  Word second;
  Word third;
  Word fourth;
  std::memcpy(&first, in, kWord);
  std::memcpy(&second, in + kWord, kWord);
  std::memcpy(&third, in + bytes - 2 * kWord, kWord);
  std::memcpy(&fourth, in + bytes - kWord, kWord);
  Apply(mask, &first);
  Apply(mask, &second);
  Apply(turned, &third);
  Apply(turned, &fourth);
  std::memcpy(out, &first, kWord);
  std::memcpy(out + kWord, &second, kWord);
  std::memcpy(out + bytes - 2 * kWord, &third, kWord);
  std::memcpy(out + bytes - kWord, &fourth, kWord);
}

}  // namespace internal

/// out[i] = in[i] ^ mask byte i % 4, for `bytes` bytes. Returns the mask turned for the byte that
/// follows, so that a payload may come in pieces. `out` and `in` may overlap when out <= in. Reads
/// and writes no byte outside of the two ranges.
inline uint32_t Unmask(uint8_t* out, const uint8_t* in, size_t bytes, uint32_t mask) {
  if (bytes > 64) return UnmaskLong(out, in, bytes, mask);
  const uint32_t turned = RotateMask(mask, bytes);
  if (bytes > 32) {
    internal::UnmaskFour<internal::Lanes16>(out, in, bytes, mask, turned);
  } else if (bytes >= 16) {
    internal::UnmaskTwo<internal::Lanes16>(out, in, bytes, mask, turned);
  } else if (bytes >= 8) {
    internal::UnmaskTwo<uint64_t>(out, in, bytes, mask, turned);
  } else if (bytes >= 4) {
    internal::UnmaskTwo<uint32_t>(out, in, bytes, mask, turned);
  } else {
    uint8_t key[4];
    std::memcpy(key, &mask, sizeof(key));
    for (size_t i = 0; i < bytes; ++i) out[i] = in[i] ^ key[i];
  }
  return turned;
}

}  // namespace ringway::ws
