// SPDX-License-Identifier: Apache-2.0
//
// The 64 bits that travel with an operation: packed and unpacked here and nowhere else.
//
//     63      56 55              32 31                               0
//     |  kind   |    generation    |               slot              |
#pragma once

#include <cstdint>

namespace ringway::uring {

struct UserData {
  uint8_t kind = 0;
  uint32_t generation = 0;  ///< 24 bits
  uint32_t slot = 0;

  constexpr uint64_t Pack() const {
    return static_cast<uint64_t>(kind) << 56 | static_cast<uint64_t>(generation & 0xff'ffff) << 32 |
           slot;
  }
  static constexpr UserData Unpack(uint64_t bits) {
    return {.kind = static_cast<uint8_t>(bits >> 56),
            .generation = static_cast<uint32_t>(bits >> 32) & 0xff'ffff,
            .slot = static_cast<uint32_t>(bits)};
  }
};

}  // namespace ringway::uring
