// SPDX-License-Identifier: Apache-2.0
//
// The slow, obvious reader that the header follower is tested against: it has the whole stream
// before it and walks from frame to frame by index. And a caller of the follower, piece by piece.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

#include "gateway/ws/header_follower.h"

namespace ringway::ws {

/// What a stream is, seen whole. The same for every way of cutting it.
struct FollowVerdict {
  uint64_t frames = 0;
  uint64_t messages = 0;
  FollowFault fault = FollowFault::kNone;
  bool at_frame_boundary = true;  // These three count for nothing after a fault.
  bool at_message_boundary = true;
  bool close_seen = false;
  friend bool operator==(const FollowVerdict& a, const FollowVerdict& b) {
    const bool same_counts = a.frames == b.frames && a.messages == b.messages;
    const bool same_end = a.at_frame_boundary == b.at_frame_boundary &&
                          a.at_message_boundary == b.at_message_boundary &&
                          a.close_seen == b.close_seen;
    return same_counts && a.fault == b.fault && (a.fault != FollowFault::kNone || same_end);
  }
};

namespace oracle {

struct HeaderSeen {
  FollowFault fault = FollowFault::kNone;
  bool is_whole = false;  // As far as its length goes; the mask may be missing.
  uint64_t header_bytes = 0;
  uint64_t payload_bytes = 0;
};

/// RFC 6455 5.2, field by field in the order of the wire; `bytes` is not empty.
inline HeaderSeen ReadHeader(std::span<const uint8_t> bytes, Direction direction, bool in_message) {
  HeaderSeen seen;
  const auto fail = [&seen](FollowFault fault) {
    seen.fault = fault;
    return seen;
  };
  const int opcode = bytes[0] % 16;
  const bool is_data = opcode == 0 || opcode == 1 || opcode == 2;
  const bool is_control = opcode == 8 || opcode == 9 || opcode == 10;
  if (!is_data && !is_control) return fail(FollowFault::kReservedOpcode);
  if (bytes[0] / 16 % 4 != 0) return fail(FollowFault::kReservedBits);
  if (is_control && bytes[0] < 128) return fail(FollowFault::kControlFragmented);
  if (opcode == 0 && !in_message) return fail(FollowFault::kContinuationWithoutMessage);
  if ((opcode == 1 || opcode == 2) && in_message) return fail(FollowFault::kMessageInsideMessage);

  if (bytes.size() < 2) return seen;
  const bool is_masked = bytes[1] >= 128;
  if (direction == Direction::kFromClient && !is_masked) return fail(FollowFault::kNotMasked);
  if (direction == Direction::kFromBackend && is_masked) return fail(FollowFault::kMasked);
  const uint64_t seven_bits = bytes[1] % 128;
  if (is_control && seven_bits > 125) return fail(FollowFault::kControlTooLong);

  const size_t length_bytes = seven_bits == 127 ? 8 : seven_bits == 126 ? 2 : 0;
  uint64_t length = length_bytes == 0 ? seven_bits : 0;
  for (size_t i = 0; i < length_bytes; ++i) {
    if (bytes.size() < 2 + i + 1) return seen;
    if (length_bytes == 8 && i == 0 && bytes[2] >= 128) return fail(FollowFault::kLengthTooLarge);
    length = length * 256 + bytes[2 + i];
    if (length_bytes == 8 && i == 5 && length == 0) return fail(FollowFault::kLengthNotMinimal);
  }
  if (length_bytes == 2 && length < 126) return fail(FollowFault::kLengthNotMinimal);
  seen.is_whole = true;
  seen.header_bytes = 2 + length_bytes + (is_masked ? 4 : 0);
  seen.payload_bytes = length;
  return seen;
}

/// `passed_bytes` gets where the faulty frame begins, or the end of the stream.
inline FollowVerdict FollowWhole(std::span<const uint8_t> stream, Direction direction,
                                 const ReaderRules& rules, uint64_t* passed_bytes) {
  FollowVerdict verdict;
  uint64_t message_bytes = 0;
  bool in_message = false;
  uint64_t at = 0;
  *passed_bytes = stream.size();
  while (at < stream.size()) {
    const uint8_t first = stream[at];
    const bool is_data = first % 16 < 8;
    HeaderSeen header = ReadHeader(stream.subspan(at), direction, in_message);
    if (header.is_whole && is_data) {
      message_bytes = in_message ? message_bytes : 0;
      const uint64_t message_left = rules.message_bytes_max - message_bytes;
      if (header.payload_bytes > message_left) header.fault = FollowFault::kMessageTooBig;
      if (header.payload_bytes > rules.frame_bytes_max) header.fault = FollowFault::kFrameTooBig;
    }
    if (header.fault != FollowFault::kNone) {
      verdict.fault = header.fault;
      *passed_bytes = at;
      return verdict;
    }
    verdict.at_frame_boundary = false;
    verdict.at_message_boundary = false;
    if (!header.is_whole) return verdict;
    if (stream.size() - at < header.header_bytes + header.payload_bytes) return verdict;

    at += header.header_bytes + header.payload_bytes;
    ++verdict.frames;
    if (is_data) {
      message_bytes += header.payload_bytes;
      in_message = first < 128;
      verdict.messages += in_message ? 0 : 1;
    }
    verdict.close_seen = verdict.close_seen || first % 16 == 8;
    verdict.at_frame_boundary = true;
    verdict.at_message_boundary = !in_message;
  }
  return verdict;
}

}  // namespace oracle

/// Feeds a stream to a follower and adds up what it says.
class FollowCaller {
 public:
  FollowCaller(Direction direction, const ReaderRules& rules)
      : follower_(direction), rules_(rules) {}

  /// From a block of the exact size, so that a look beyond it is seen by the sanitizer.
  void Feed(std::span<const uint8_t> piece) {
    if (verdict_.fault != FollowFault::kNone) return;
    const std::unique_ptr<uint8_t[]> block(new uint8_t[piece.size()]);
    std::copy(piece.begin(), piece.end(), block.get());
    const Followed followed = follower_.Follow({block.get(), piece.size()}, rules_);
    verdict_.frames += followed.frames;
    verdict_.messages += followed.messages;
    verdict_.fault = followed.fault;
    verdict_.at_frame_boundary = follower_.at_frame_boundary();
    verdict_.at_message_boundary = follower_.at_message_boundary();
    verdict_.close_seen = follower_.close_seen();
    if (followed.passed_bytes > piece.size()) std::abort();
    last_piece_begin_ = passed_bytes_;
    passed_bytes_ += followed.passed_bytes;
  }

  /// Whether the pieces so far brought what the whole stream is by the oracle.
  [[nodiscard]] bool Agrees(const FollowVerdict& truth, uint64_t truly_passed_bytes) const {
    // A faulty frame that began in an earlier piece: that part of it has gone on.
    const uint64_t passed_bytes = std::max(truly_passed_bytes, last_piece_begin_);
    return verdict_ == truth && passed_bytes_ == passed_bytes;
  }

 private:
  HeaderFollower follower_;
  ReaderRules rules_;
  FollowVerdict verdict_;
  uint64_t passed_bytes_ = 0;
  uint64_t last_piece_begin_ = 0;
};

}  // namespace ringway::ws
