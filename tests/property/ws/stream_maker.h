// SPDX-License-Identifier: Apache-2.0
//
// Makes client streams from a seed together with what a reader must hear in them: text and binary
// messages in 1 to 4 fragments, control frames between the fragments, a Close at the end.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "gateway/ws/opcode.h"
#include "tests/property/ws/oracles.h"
#include "tests/property/ws/transcript.h"

namespace ringway::ws {

/// Any client frame, right or wrong, with the length in its shortest form.
struct FrameSpec {
  uint8_t first = 0x82;  // FIN, RSV and opcode.
  Bytes payload;
  uint32_t mask = 0x3a1b5c7d;
};

inline void AppendFrame(Bytes* stream, const FrameSpec& frame) {
  const uint64_t bytes = frame.payload.size();
  stream->push_back(frame.first);
  const int length_bytes = bytes <= 125 ? 0 : bytes <= 0xffff ? 2 : 8;
  stream->push_back(static_cast<uint8_t>(0x80 | (length_bytes == 0   ? bytes
                                                 : length_bytes == 2 ? 126
                                                                     : 127)));
  for (int i = length_bytes - 1; i >= 0; --i) {
    stream->push_back(static_cast<uint8_t>(bytes >> (8 * i)));
  }
  const size_t at = stream->size();
  stream->resize(at + 4 + frame.payload.size());
  std::memcpy(stream->data() + at, &frame.mask, 4);
  oracle::UnmaskByteByByte(stream->data() + at + 4, frame.payload.data(), frame.payload.size(),
                           frame.mask);
}

struct MadeStream {
  Bytes bytes;
  Transcript expected;
};

/// Payload sizes to draw from: `kSmall` keeps a stream short enough to be cut at every byte.
enum class StreamSize { kSmall, kLarge };

class StreamMaker {
 public:
  explicit StreamMaker(uint32_t seed) : random_(seed) {}

  MadeStream Make(StreamSize size) {
    MadeStream stream;
    const size_t messages = 1 + Below(4);
    for (size_t i = 0; i < messages; ++i) AddMessage(size, &stream);
    if (Below(2) == 0) {
      AddControl(0, Opcode::kClose, Below(2) == 0 ? Bytes{} : Bytes{0x03, 0xe8, 'b', 'y'}, &stream);
    }
    return stream;
  }

  Bytes Text(size_t characters) {
    static constexpr std::string_view kCharacters[] = {"a", "Z", " ", "é", "ß", "€", "한", "😀"};
    Bytes text;
    const size_t variety = Below(3) == 0 ? 1 : std::size(kCharacters);
    for (size_t i = 0; i < characters; ++i) {
      const std::string_view character = kCharacters[Below(variety)];
      text.insert(text.end(), character.begin(), character.end());
    }
    return text;
  }

  size_t Below(size_t bound) { return random_() % bound; }

 private:
  void AddMessage(StreamSize size, MadeStream* stream) {
    static constexpr size_t kSizes[] = {0,  1,   2,   3,   7,   16,    31,    33,
                                        64, 125, 126, 127, 200, 65535, 65536, 70000};
    const size_t bytes = kSizes[Below(size == StreamSize::kSmall ? 13 : std::size(kSizes))];
    const Opcode opcode = Below(2) == 0 ? Opcode::kText : Opcode::kBinary;
    Bytes message = opcode == Opcode::kText ? Text(bytes / 2) : Bytes(bytes);
    if (opcode == Opcode::kBinary) {
      for (uint8_t& byte : message) byte = static_cast<uint8_t>(random_());
    }
    const size_t fragments = 1 + Below(4);
    size_t sent = 0;
    for (size_t i = 0; i < fragments; ++i) {
      const bool last = i + 1 == fragments;
      const size_t next = last ? message.size() : sent + Below(message.size() - sent + 1);
      const uint8_t bits = i == 0 ? static_cast<uint8_t>(opcode) : uint8_t{0};
      AppendFrame(&stream->bytes, {.first = static_cast<uint8_t>(bits | (last ? 0x80 : 0)),
                                   .payload = Bytes(message.data() + sent, message.data() + next),
                                   .mask = Below(8) == 0 ? 0 : static_cast<uint32_t>(random_())});
      sent = next;
      if (!last && Below(3) == 0) {
        AddControl(sent, Below(2) == 0 ? Opcode::kPing : Opcode::kPong, Text(Below(25)), stream);
      }
    }
    stream->expected.heard.push_back({opcode, message, 0});
  }

  void AddControl(size_t bytes_before, Opcode opcode, const Bytes& payload, MadeStream* stream) {
    AppendFrame(&stream->bytes, {.first = static_cast<uint8_t>(0x80 | static_cast<uint8_t>(opcode)),
                                 .payload = payload,
                                 .mask = static_cast<uint32_t>(random_())});
    stream->expected.heard.push_back({opcode, payload, bytes_before});
  }

  std::mt19937 random_;
};

}  // namespace ringway::ws
