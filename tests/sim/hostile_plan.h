// SPDX-License-Identifier: Apache-2.0
//
// What a seed decides about those who want to harm the others.
#pragma once

#include <cstdint>

namespace ringway::sim {

/// The part of a story whose client, or backend, wants to harm the others.
enum class Hostile : uint8_t {
  kNone,
  kZigzag,       ///< an empty ping and a message of one byte in turn to an echo; reads nothing
  kPinger,       ///< pings of up to 125 bytes; reads nothing
  kHungBackend,  ///< the backend accepts, and takes or answers nothing
  kSilent,       ///< connects, and sends at most one byte
  kTrickler,     ///< one byte at a time, slowly
  kPipeliner,    ///< request behind request; reads no answer
  kHalfCloser,   ///< a FIN while the backend talks and closes; reads nothing
};
inline constexpr uint64_t kHostileParts = 7;

/// A story's share in that.
struct HostilePart {
  Hostile kind = Hostile::kNone;
  uint64_t patience_ns = 0;    ///< then the client resets its connection
  uint32_t receive_bytes = 0;  ///< what a receive buffer holds that nobody reads
  bool hung_reads = false;     ///< a hung backend takes bytes, and never answers
};

/// Seeds with a hostile cast, in ten thousand.
inline constexpr uint32_t kHostileSeeds = 2500;
/// Stories of it in one seed.
inline constexpr uint32_t kHostilesMax = 8;

}  // namespace ringway::sim
