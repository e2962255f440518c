// SPDX-License-Identifier: Apache-2.0
//
// A caller of the frame reader as small as one can be: it keeps the bytes that the reader leaves,
// presents them in front of the next ones, and writes down what it hears.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gateway/ws/frame_reader.h"

namespace ringway::ws {

using Bytes = std::vector<uint8_t>;

inline Bytes BytesOf(std::string_view text) { return Bytes(text.begin(), text.end()); }

/// A whole message or a control frame; in the order in which their last bytes came.
struct Heard {
  Opcode opcode = Opcode::kContinuation;
  Bytes payload;
  size_t bytes_before = 0;  // Control: payload of the open message that came before it.
  friend bool operator==(const Heard&, const Heard&) = default;
};

/// What a stream said. The same for every way of cutting the stream.
struct Transcript {
  std::vector<Heard> heard;
  uint16_t refusal = 0;        // 0: not refused.
  std::string refusal_reason;  // Which of two faults is named may depend on the cut.
  Bytes open_payload;          // Of a message that has not ended. Empty after a refusal: how much
                               // was delivered before it depends on the cut.
  friend bool operator==(const Transcript& a, const Transcript& b) {
    return a.heard == b.heard && a.refusal == b.refusal && a.open_payload == b.open_payload;
  }
};

/// Aborts (for the fuzzers too) where the reader breaks its contract with the caller.
class HeldBytesCaller {
 public:
  explicit HeldBytesCaller(const ReaderRules& rules) : rules_(rules) {}

  /// Presents `chunk` behind the held bytes, in a heap block of the exact size.
  void Feed(std::span<const uint8_t> chunk) {
    if (ended_) return;
    const size_t bytes = held_.size() + chunk.size();
    const std::unique_ptr<uint8_t[]> buffer(new uint8_t[bytes]);
    if (!held_.empty()) std::memcpy(buffer.get(), held_.data(), held_.size());
    if (!chunk.empty()) std::memcpy(buffer.get() + held_.size(), chunk.data(), chunk.size());
    std::span<uint8_t> input(buffer.get(), bytes);
    uint8_t* run_end = buffer.get();
    for (;;) {
      const ReadEvent event = reader_.Next(input, run_end, rules_);
      if (event.step == ReadStep::kNeedMore) {
        Require(event.consumed == 0);
        break;
      }
      Note(event, run_end);
      if (ended_) return;
      Require(event.consumed > 0 && event.consumed <= input.size());
      input = input.subspan(event.consumed);
      if (event.step == ReadStep::kPayload) run_end += event.payload.size();
      Require(run_end <= input.data());
    }
    held_.assign(input.begin(), input.end());
    Require(held_.size() <= kHeldBytesMax);
  }

  const Transcript& Result() const { return transcript_; }
  bool Ended() const { return ended_; }

 private:
  static void Require(bool kept) {
    if (!kept) std::abort();
  }

  void Note(const ReadEvent& event, const uint8_t* run_end) {
    Bytes& open = transcript_.open_payload;
    if (event.step == ReadStep::kRefused) {
      Require(!event.refusal_reason.empty() && event.refusal_reason.size() <= 123);
      transcript_.refusal = static_cast<uint16_t>(event.refusal);
      transcript_.refusal_reason = event.refusal_reason;
      open.clear();
      ended_ = true;
    } else if (event.step == ReadStep::kPayload) {
      Require(event.payload.data() == run_end);
      open.insert(open.end(), event.payload.begin(), event.payload.end());
      if (!event.message_end) return;
      Require(!reader_.InMessage());
      transcript_.heard.push_back({event.message_opcode, open, 0});
      open.clear();
    } else {
      const Opcode opcode = event.step == ReadStep::kPing   ? Opcode::kPing
                            : event.step == ReadStep::kPong ? Opcode::kPong
                                                            : Opcode::kClose;
      transcript_.heard.push_back(
          {opcode, Bytes(event.payload.begin(), event.payload.end()), open.size()});
      ended_ = event.step == ReadStep::kClose;
    }
  }

  ReaderRules rules_;
  FrameReader reader_;
  Bytes held_;
  Transcript transcript_;
  bool ended_ = false;
};

/// The transcript of a stream that comes in one piece.
inline Transcript Read(std::span<const uint8_t> stream, const ReaderRules& rules) {
  HeldBytesCaller caller(rules);
  caller.Feed(stream);
  return caller.Result();
}

}  // namespace ringway::ws
