// SPDX-License-Identifier: Apache-2.0
//
// Following frame headers, a byte at a time where they are and a leap where they are not.
#include "gateway/ws/header_follower.h"

#include <algorithm>

#include "gateway/ws/frame_header.h"
#include "gateway/ws/opcode.h"

namespace ringway::ws {
namespace {

constexpr uint8_t kFinBit = 0x80;
constexpr uint8_t kMaskBit = 0x80;
/// RSV2 and RSV3.
constexpr uint8_t kUnusedBits = 0x30;
constexpr uint8_t kOpcodeBits = 0x0f;
constexpr uint8_t kLengthIs16Bits = 126;
constexpr uint8_t kLengthIs64Bits = 127;
constexpr uint64_t kMaskBytes = 4;

constexpr bool IsReserved(uint8_t opcode) { return opcode > 10 || (opcode > 2 && opcode < 8); }

constexpr Opcode OpcodeOf(uint8_t first) { return static_cast<Opcode>(first & kOpcodeBits); }

}  // namespace

CloseCode RefusalCode(FollowFault fault) {
  if (fault == FollowFault::kNone) return CloseCode::kNormal;
  const bool is_limit = fault == FollowFault::kFrameTooBig || fault == FollowFault::kMessageTooBig;
  return is_limit ? CloseCode::kTooBig : CloseCode::kProtocolError;
}

std::string_view RefusalReason(FollowFault fault) {
  switch (fault) {
    case FollowFault::kNone:
      return {};
    case FollowFault::kReservedOpcode:
      return "frame has a reserved opcode";
    case FollowFault::kReservedBits:
      return "frame has a reserved bit set";
    case FollowFault::kControlFragmented:
      return "control frame is fragmented";
    case FollowFault::kContinuationWithoutMessage:
      return "continuation without a message";
    case FollowFault::kMessageInsideMessage:
      return "new message inside a fragmented one";
    case FollowFault::kNotMasked:
      return "frame is not masked";
    case FollowFault::kMasked:
      return "frame is masked";
    case FollowFault::kControlTooLong:
      return "control frame is longer than 125 bytes";
    case FollowFault::kLengthNotMinimal:
      return "frame length is not in its shortest form";
    case FollowFault::kLengthTooLarge:
      return "frame length has its top bit set";
    case FollowFault::kFrameTooBig:
      return "frame is larger than allowed";
    case FollowFault::kMessageTooBig:
      return "message is larger than allowed";
  }
  return {};
}

Followed HeaderFollower::Follow(std::span<const uint8_t> bytes, const ReaderRules& rules) {
  Followed followed;
  bool began_here = false;
  size_t at = 0;
  while (at < bytes.size()) {
    if (header_bytes_ < header_bytes_due_) {
      if (header_bytes_ == 0) {
        followed.passed_bytes = at;
        began_here = true;
      }
      followed.fault = TakeHeaderByte(bytes[at], rules);
      if (followed.fault != FollowFault::kNone) [[unlikely]] {
        // Nothing of the frame passes, so what has passed ends where it begins.
        if (began_here) header_bytes_ = 0;
        return followed;
      }
      ++at;
    } else {
      const size_t here = std::min<uint64_t>(bytes_left_, bytes.size() - at);
      bytes_left_ -= here;
      at += here;
    }
    if (header_bytes_ == header_bytes_due_ && bytes_left_ == 0) EndFrame(&followed);
  }
  followed.passed_bytes = bytes.size();
  return followed;
}

inline FollowFault HeaderFollower::TakeHeaderByte(uint8_t byte, const ReaderRules& rules) {
  const uint8_t index = header_bytes_++;
  if (index == 0) return OnFirstByte(byte);
  const FollowFault fault = index == 1 ? OnSecondByte(byte) : OnLengthByte(byte);
  if (fault != FollowFault::kNone || header_bytes_ < header_bytes_due_) return fault;
  return OnHeaderEnd(rules);
}

inline FollowFault HeaderFollower::OnFirstByte(uint8_t byte) {
  first_ = byte;
  if (IsReserved(byte & kOpcodeBits)) return FollowFault::kReservedOpcode;
  if ((byte & kUnusedBits) != 0) return FollowFault::kReservedBits;
  const Opcode opcode = OpcodeOf(byte);
  if (IsControl(opcode)) {
    return (byte & kFinBit) != 0 ? FollowFault::kNone : FollowFault::kControlFragmented;
  }
  const bool is_continuation = opcode == Opcode::kContinuation;
  if (is_continuation == in_message_) return FollowFault::kNone;
  return is_continuation ? FollowFault::kContinuationWithoutMessage
                         : FollowFault::kMessageInsideMessage;
}

inline FollowFault HeaderFollower::OnSecondByte(uint8_t byte) {
  const bool is_masked = (byte & kMaskBit) != 0;
  if (is_masked != (direction_ == Direction::kFromClient)) {
    return is_masked ? FollowFault::kMasked : FollowFault::kNotMasked;
  }
  const uint8_t length = byte & 0x7f;
  if (IsControl(OpcodeOf(first_)) && length > kControlPayloadBytesMax) {
    return FollowFault::kControlTooLong;
  }
  if (length == kLengthIs16Bits) header_bytes_due_ = 2 + 2;
  if (length == kLengthIs64Bits) header_bytes_due_ = 2 + 8;
  bytes_left_ = length < kLengthIs16Bits ? length : 0;
  return FollowFault::kNone;
}

FollowFault HeaderFollower::OnLengthByte(uint8_t byte) {
  bytes_left_ = bytes_left_ << 8 | byte;
  if (header_bytes_due_ == 2 + 2) {
    const bool is_short = header_bytes_ == 2 + 2 && bytes_left_ < kLengthIs16Bits;
    return is_short ? FollowFault::kLengthNotMinimal : FollowFault::kNone;
  }
  if (header_bytes_ == 2 + 1 && (byte & 0x80) != 0) return FollowFault::kLengthTooLarge;
  // Six zero bytes already say that 16 bits would have done.
  const bool is_short = header_bytes_ == 2 + 6 && bytes_left_ == 0;
  return is_short ? FollowFault::kLengthNotMinimal : FollowFault::kNone;
}

inline FollowFault HeaderFollower::OnHeaderEnd(const ReaderRules& rules) {
  const Opcode opcode = OpcodeOf(first_);
  if (!IsControl(opcode)) {
    if (opcode != Opcode::kContinuation) message_bytes_ = 0;
    if (bytes_left_ > rules.frame_bytes_max) return FollowFault::kFrameTooBig;
    if (bytes_left_ > rules.message_bytes_max - message_bytes_) return FollowFault::kMessageTooBig;
    message_bytes_ += bytes_left_;
    in_message_ = true;
  }
  // The mask is four bytes more that nobody reads; a length below 2^63 leaves room for them.
  if (direction_ == Direction::kFromClient) bytes_left_ += kMaskBytes;
  return FollowFault::kNone;
}

inline void HeaderFollower::EndFrame(Followed* followed) {
  const Opcode opcode = OpcodeOf(first_);
  ++followed->frames;
  if (opcode == Opcode::kClose) close_seen_ = true;
  if (!IsControl(opcode) && (first_ & kFinBit) != 0) {
    in_message_ = false;
    ++followed->messages;
  }
  header_bytes_ = 0;
  header_bytes_due_ = 2;
}

}  // namespace ringway::ws
