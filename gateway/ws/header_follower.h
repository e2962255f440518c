// SPDX-License-Identifier: Apache-2.0
//
// Follows the frame headers of a WebSocket that passes through unread: counts frames and messages,
// holds them to the limits, knows where messages end. Never looks at payload, which may be
// compressed or anything else that the two ends have agreed on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "gateway/ws/close_code.h"
#include "gateway/ws/frame_reader.h"

namespace ringway::ws {

/// Whose frames they are: a client's are masked, a backend's are not (RFC 6455 5.1).
enum class Direction : uint8_t { kFromClient, kFromBackend };

/// What a header may break. A stream with a fault cannot be followed any further.
enum class FollowFault : uint8_t {
  kNone,
  kReservedOpcode,
  kReservedBits,
  kControlFragmented,
  kContinuationWithoutMessage,
  kMessageInsideMessage,
  kNotMasked,  // From the client.
  kMasked,     // From the backend.
  kControlTooLong,
  kLengthNotMinimal,
  kLengthTooLarge,  // The 64-bit length has its top bit set.
  kFrameTooBig,
  kMessageTooBig,
};

/// The code to close with: kTooBig for the two limits, else kProtocolError. kNone: kNormal.
[[nodiscard]] CloseCode RefusalCode(FollowFault fault);
/// Static English text that fits a Close frame; empty for kNone.
[[nodiscard]] std::string_view RefusalReason(FollowFault fault);

/// What one piece of the stream brought.
struct Followed {
  uint32_t frames = 0;    // That ended in the piece, control frames among them.
  uint32_t messages = 0;  // Data messages that ended in it.
  /// Bytes of the piece that may go on: all of them, or with a fault those in front of the faulty
  /// frame (0 where its header began in an earlier piece).
  size_t passed_bytes = 0;
  FollowFault fault = FollowFault::kNone;
};

/// Reads RFC 6455 5.2, 5.4 and 5.5 of one direction, as far as headers go. Two a session, on the
/// session's thread; 24 bytes each, no memory beyond. A header costs a step for each of its first 2
/// to 10 bytes, mask and payload are skipped in one. The pieces may be cut anywhere: every answer
/// comes with the byte that decides it. RSV1 is not judged (permessage-deflate is end to end), nor
/// what a Close frame says; RSV2 and RSV3 are of no registered extension (RFC 6455 11.8).
class HeaderFollower {
 public:
  explicit HeaderFollower(Direction direction) : direction_(direction) {}

  /// Follows the next bytes. Of the rules frame_bytes_max and message_bytes_max count: payload of
  /// data frames as it is on the wire; a limit is judged when the header has come, before payload.
  /// REQUIRES: no fault so far; the same rules within a message.
  [[nodiscard]] Followed Follow(std::span<const uint8_t> bytes, const ReaderRules& rules);

  /// Whether everything that has passed so far ends with a whole frame.
  [[nodiscard]] bool at_frame_boundary() const { return header_bytes_ == 0; }
  /// The same, and no message has begun without its end.
  [[nodiscard]] bool at_message_boundary() const { return at_frame_boundary() && !in_message_; }
  /// Whether a whole Close frame has gone by.
  [[nodiscard]] bool close_seen() const { return close_seen_; }

 private:
  FollowFault TakeHeaderByte(uint8_t byte, const ReaderRules& rules);
  FollowFault OnFirstByte(uint8_t byte);
  FollowFault OnSecondByte(uint8_t byte);
  FollowFault OnLengthByte(uint8_t byte);
  FollowFault OnHeaderEnd(const ReaderRules& rules);
  void EndFrame(Followed* followed);

  // While the header comes: its length so far. Then mask and payload that have not come yet.
  uint64_t bytes_left_ = 0;
  uint64_t message_bytes_ = 0;    // Payload of the message, by the headers seen.
  uint8_t first_ = 0;             // FIN, RSV and opcode of the current frame.
  uint8_t header_bytes_ = 0;      // Of the current frame, that came; 0: between frames.
  uint8_t header_bytes_due_ = 2;  // 2, 4 or 10: without the mask.
  Direction direction_;
  bool in_message_ = false;
  bool close_seen_ = false;
};
static_assert(sizeof(HeaderFollower) <= 24);

}  // namespace ringway::ws
