// SPDX-License-Identifier: Apache-2.0
//
// Unmask for more than 64 bytes. Vectors of the compiler, so that one text serves SSE2, AVX2 and
// NEON.
#include "gateway/ws/mask.h"

namespace ringway::ws {
namespace {

/// REQUIRES: bytes >= 2 * sizeof(Lanes). Blocks of four vectors, the last of which may overlap the
/// one before it; its end is loaded before the first store, because in place the overlap would be
/// unmasked twice, and shifted it may be gone.
template <typename Lanes>
[[gnu::always_inline]] inline void UnmaskBlocks(uint8_t* out, const uint8_t* in, size_t bytes,
                                                uint32_t mask) {
  constexpr size_t kBlockBytes = 4 * sizeof(Lanes);
  const size_t last = bytes - sizeof(Lanes);
  Lanes tail;
  std::memcpy(&tail, in + last, sizeof(Lanes));
  size_t at = 0;
  for (; at + kBlockBytes <= bytes; at += kBlockBytes) {
    internal::UnmaskFour<Lanes>(out + at, in + at, kBlockBytes, mask, mask);
  }
  for (; at < last; at += sizeof(Lanes)) {
    Lanes lanes;
    std::memcpy(&lanes, in + at, sizeof(Lanes));
    internal::Apply(mask, &lanes);
    std::memcpy(out + at, &lanes, sizeof(Lanes));
  }
  internal::Apply(RotateMask(mask, bytes), &tail);
  std::memcpy(out + last, &tail, sizeof(Lanes));
}

#if defined(__x86_64__)
using Lanes32 = uint32_t __attribute__((vector_size(32)));

/// From here on twice the width outweighs the check for AVX2.
constexpr size_t kWideBytesMin = 128;

[[gnu::target("avx2")]] void UnmaskWide(uint8_t* out, const uint8_t* in, size_t bytes,
                                        uint32_t mask) {
  UnmaskBlocks<Lanes32>(out, in, bytes, mask);
}
#endif

}  // namespace

uint32_t UnmaskLong(uint8_t* out, const uint8_t* in, size_t bytes, uint32_t mask) {
#if defined(__x86_64__)
  if (bytes >= kWideBytesMin && __builtin_cpu_supports("avx2")) {
    UnmaskWide(out, in, bytes, mask);
    return RotateMask(mask, bytes);
  }
#endif
  UnmaskBlocks<internal::Lanes16>(out, in, bytes, mask);
  return RotateMask(mask, bytes);
}

}  // namespace ringway::ws
