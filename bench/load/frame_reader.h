// SPDX-License-Identifier: Apache-2.0
//
// WebSocket frames in a byte stream (RFC 6455 5.2), for either end, one piece at a time.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "bench/load/pattern.h"

namespace ringway::load {

enum class Opcode : uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10,
};

constexpr bool IsControl(Opcode opcode) { return static_cast<uint8_t>(opcode) >= 8; }

/// The longest frame header: 2 bytes, 8 of length, 4 of mask.
constexpr size_t kFrameHeadBytesMax = 14;

struct FrameHead {
  Opcode opcode = Opcode::kBinary;
  bool final = true;
  bool masked = false;
  MaskKey key = {};
  uint64_t payload_bytes = 0;
};

/// Writes `head` in its shortest form; returns its size.
size_t WriteFrameHead(const FrameHead& head, std::span<uint8_t, kFrameHeadBytesMax> out);

enum class Masking { kNone, kMasked };

/// A whole control frame.
std::string BuildControlFrame(Opcode opcode, std::string_view payload, Masking masking);

/// Which end reads: a server demands masks, a client forbids them.
enum class Reader { kServer, kClient };

/// Use: while input is not empty, TakeHead until it says kHead, then TakePayload until
/// payload_left() is 0, and again.
class FrameReader {
 public:
  enum class Result { kNeedMore, kHead, kViolation };

  explicit FrameReader(Reader reader) : reader_(reader) {}

  /// Takes bytes of a frame header from the front of `input`. After kViolation the stream is of no
  /// further use and violation() says why.
  Result TakeHead(std::span<uint8_t>& input);

  /// Takes what `input` has of the current frame's payload, as it came. Precede by kHead.
  std::span<uint8_t> TakePayload(std::span<uint8_t>& input);

  const FrameHead& head() const { return head_; }
  uint64_t payload_left() const { return payload_left_; }
  /// Offset in the frame's payload of what TakePayload returns next.
  uint64_t payload_offset() const { return head_.payload_bytes - payload_left_; }
  /// Whether the stream stands between two frames.
  bool at_boundary() const { return have_ == 0 && payload_left_ == 0; }
  const char* violation() const { return violation_; }

 private:
  size_t HeadBytes() const;
  const char* Decode();

  Reader reader_;
  std::array<uint8_t, kFrameHeadBytesMax> bytes_ = {};
  size_t have_ = 0;
  FrameHead head_;
  uint64_t payload_left_ = 0;
  bool in_message_ = false;
  const char* violation_ = "";
};

}  // namespace ringway::load
