// SPDX-License-Identifier: Apache-2.0
//
// The WebSocket echo service without its sockets: bytes from a client in, bytes for it out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "bench/load/frame_reader.h"

namespace ringway::load {

/// One client's. Answers the handshake, then echoes: every frame goes back as it comes, piece by
/// piece, without its mask; a ping goes back as a pong, a pong not at all, and a Close ends it.
class WsEcho {
 public:
  /// Room that the buffer must have in front of `input`: an echoed frame is shorter than its
  /// original, but its header may have come with the bytes before.
  static constexpr size_t kHeadRoom = kFrameHeadBytesMax;

  /// Turns `input` into what to send, which lies in the same memory (from up to kHeadRoom bytes
  /// before it) or, during the handshake, in the object; valid until the next call.
  std::span<const uint8_t> Feed(std::span<uint8_t> input);

  /// Nothing more will come: send what was returned, then close.
  bool ended() const { return ended_; }

 private:
  std::span<const uint8_t> Shake(std::span<uint8_t> input);
  std::span<const uint8_t> EchoFrames(std::span<uint8_t> input);
  void Append(std::span<const uint8_t> head, std::span<uint8_t> payload);

  FrameReader reader_{Reader::kServer};
  bool open_ = false;
  bool ended_ = false;
  /// What the current call has put together.
  std::span<uint8_t> echo_;
  /// The request head so far, later the answer to it.
  std::string head_;
};

}  // namespace ringway::load
