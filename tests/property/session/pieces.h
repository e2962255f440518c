// SPDX-License-Identifier: Apache-2.0
//
// How the network cuts a stream: receives of random sizes into random buffers.
#pragma once

#include <algorithm>
#include <string_view>

#include "gateway/base/arena.h"
#include "tests/property/ws/stream_maker.h"

namespace ringway::session {

/// The front of a stream as one receive.
struct Receive {
  size_t bytes = 0;
  base::BufferClass buffer_class = base::BufferClass::kSmall;
};

class Network {
 public:
  /// Draws from `maker`: some networks deliver byte by byte, some fill buffers; but a stream of
  /// `stream_bytes` takes hundreds of receives, not more.
  Network(ws::StreamMaker& maker, size_t stream_bytes) : maker_(maker) {
    constexpr size_t kTypical[] = {1, 7, 150, 4096, 65536};
    bytes_max_ = std::max(kTypical[maker.Below(std::size(kTypical))], stream_bytes / 200);
  }

  /// REQUIRES: bytes_left > 0.
  Receive Next(size_t bytes_left) {
    const bool small = maker_.Below(2) == 0;
    const size_t most = std::min({bytes_left, bytes_max_, size_t{small ? 4096U : 65536U}});
    const size_t bytes = maker_.Below(3) == 0 ? most : 1 + maker_.Below(most);
    return {bytes, small ? base::BufferClass::kSmall : base::BufferClass::kBulk};
  }

  /// As long as the handshake lasts, receives are small.
  size_t NextSmall(size_t bytes_left) {
    return 1 + maker_.Below(std::min({bytes_left, bytes_max_, size_t{4096}}));
  }

 private:
  ws::StreamMaker& maker_;
  size_t bytes_max_;
};

}  // namespace ringway::session
