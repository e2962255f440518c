// SPDX-License-Identifier: Apache-2.0
//
// How the room's two tables spread what they hold.
#pragma once

#include <cstdint>

namespace ringway::files {

/// Odd, with as many ones as zeroes.
inline constexpr uint64_t kMix = 0x9e37'79b9'7f4a'7c15;

/// Both halves of a 128-bit product: each bit of either factor reaches the middle of it.
inline uint64_t Fold(uint64_t a, uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

}  // namespace ringway::files
