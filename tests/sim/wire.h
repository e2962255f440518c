// SPDX-License-Identifier: Apache-2.0
//
// What passes through a route of mode "websocket" in one direction, byte for byte: made before the
// story begins, so that whoever receives it can be held to it at any moment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tests/sim/plan.h"

namespace ringway::sim {

enum class Direction : uint8_t { kUp, kDown };

/// Where the gateway looks at nothing these are any bytes; where it follows the headers they are
/// frames as RFC 6455 5.2 has them, of a client's or a server's.
class Wire {
 public:
  Wire(const Story& story, Direction direction);

  uint64_t size() const { return bytes_.size(); }
  std::span<const uint8_t> From(uint64_t at) const { return std::span(bytes_).subspan(at); }
  /// Whether `bytes` are what stands there. REQUIRES: at <= size().
  bool Matches(uint64_t at, std::span<const uint8_t> bytes) const;
  /// Bytes from here to the next place where a frame may end; at a wire without frames, to its end.
  uint64_t ToFrameEnd(uint64_t at) const;

 private:
  void AppendFrames(const Story& story, Direction direction, uint64_t payload);
  void AppendFrame(uint8_t first, std::span<const uint8_t> payload, Random* mask);

  std::vector<uint8_t> bytes_;
  std::vector<uint64_t> frame_ends_;
};

}  // namespace ringway::sim
