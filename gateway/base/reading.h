// SPDX-License-Identifier: Apache-2.0
//
// The words for a link's incoming stream, between whoever owns a link and the room that reads it.
#pragma once

#include <cstdint>

namespace ringway::base {

/// How a link is read.
enum class Reading : uint8_t {
  kNot,         ///< not at all
  kOnce,        ///< one receive at a time
  kContinuous,  ///< as credit allows
};

/// How a link's incoming stream ended.
enum class LinkEnd : uint8_t { kFin, kReset };

}  // namespace ringway::base
