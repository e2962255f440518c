// SPDX-License-Identifier: Apache-2.0
//
// Chance, from one number: the same seed gives the same run on every machine.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ringway::sim {

/// splitmix64 (Steele, Lea, Flood 2014): one word of state, every seed is a good one.
struct Random {
  explicit Random(uint64_t seed) : state(seed) {}

  uint64_t Next() {
    uint64_t z = (state += 0x9e37'79b9'7f4a'7c15);
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
    return z ^ (z >> 31);
  }
  /// 0 to bound - 1. REQUIRES: bound > 0.
  uint64_t Below(uint64_t bound) { return Next() % bound; }
  /// low to high, both possible.
  uint64_t Between(uint64_t low, uint64_t high) { return low + Below(high - low + 1); }
  /// True so many times in ten thousand.
  bool Chance(uint32_t per_10000) { return per_10000 != 0 && Below(10'000) < per_10000; }
  template <typename T, size_t kCount>
  const T& Pick(const T (&choices)[kCount]) {
    return choices[Below(kCount)];
  }

  uint64_t state;
};

}  // namespace ringway::sim
