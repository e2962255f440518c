// SPDX-License-Identifier: Apache-2.0
//
// A client's bytes -> payload of messages, and control frames. Streams payload of any size in place
// and buffers nothing, so that one reader costs a session 40 bytes and a message costs none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string_view>

#include "gateway/ws/close_code.h"
#include "gateway/ws/frame_header.h"
#include "gateway/ws/mask.h"
#include "gateway/ws/opcode.h"
#include "gateway/ws/utf8.h"

namespace ringway::ws {

/// The most bytes that Next leaves with the caller: a control frame that lacks one byte. Its header
/// has 2 bytes and 4 of mask. (An unfinished data header is shorter: at most 13.)
inline constexpr size_t kHeldBytesMax = 2 + 4 + kControlPayloadBytesMax - 1;
static_assert(kHeldBytesMax >= kClientHeaderBytesMax - 1);

/// Whether text messages must be valid UTF-8 (RFC 6455 8.1).
enum class Utf8Check : uint8_t { kValidate, kSkip };

/// What all sessions of a route share; passed to each Next. Must not change within a message.
struct ReaderRules {
  uint8_t allowed_rsv_mask = 0;  // kRsv1 | kRsv2 | kRsv3, by the extensions that were agreed.
  Utf8Check utf8_check = Utf8Check::kValidate;
  uint64_t frame_bytes_max = std::numeric_limits<uint64_t>::max();    // Payload of one frame.
  uint64_t message_bytes_max = std::numeric_limits<uint64_t>::max();  // Payload of all its frames.
};

enum class ReadStep : uint8_t {
  kNeedMore,  // Nothing to take; present these bytes again in front of the next ones.
  kPayload,   // A piece of a data message, perhaps empty.
  kPing,
  kPong,
  kClose,    // Valid (see ParseClosePayload). The last step: read no more.
  kRefused,  // The client broke a rule. The last step: close with `refusal` and its reason.
};

/// One step. `payload` lies at `payload_out` for kPayload and in the input for control frames, and
/// lives until the caller's next call with the same buffer.
struct ReadEvent {
  ReadStep step = ReadStep::kNeedMore;
  Opcode message_opcode = Opcode::kContinuation;  // kPayload: kText or kBinary.
  bool message_end = false;                       // kPayload: the message ends with this piece.
  uint8_t message_rsv = 0;                        // kPayload: the RSV bits of the message.
  CloseCode refusal = CloseCode::kNormal;         // kRefused only.
  size_t consumed = 0;                            // Bytes taken from the front of the input.
  std::span<uint8_t> payload;
  std::string_view refusal_reason;  // Static English text that fits a Close frame.
};

/// Reads RFC 6455 5.2 to 5.6, 7.4 and 8.1 as a server must. One a session, on the session's thread.
///
/// Call Next on the front of the received bytes, drop `consumed`, and repeat until kNeedMore. What
/// is left then (at most kHeldBytesMax) goes in front of the bytes that come next:
///
///     data frame     header and whatever payload is there are consumed, the rest is streamed
///     control frame  consumed when whole
///
/// Nothing is copied aside: a caller that passes the end of the last payload as the next
/// `payload_out` finds the payloads of all frames in one buffer joined to one run.
class FrameReader {
 public:
  /// Takes one step from the front of `input`, whose bytes it may overwrite. REQUIRES: payload_out
  /// <= input.data() when it points into the same buffer, and room for input.size() bytes there.
  [[nodiscard]] ReadEvent Next(std::span<uint8_t> input, uint8_t* payload_out,
                               const ReaderRules& rules) {
    const size_t bytes = ShortMessageBytes(input, rules);
    if (bytes == kNotShort) [[unlikely]]
      return NextInGeneral(input, payload_out, rules);
    return TakeShortMessage(input, bytes, payload_out, rules);
  }

  /// Whether a data message has begun and not ended.
  [[nodiscard]] bool InMessage() const { return message_opcode_ != Opcode::kContinuation; }

 private:
  static constexpr size_t kShortHeaderBytes = 2 + 4;
  static constexpr size_t kNotShort = kControlPayloadBytesMax + 1;

  size_t ShortMessageBytes(std::span<const uint8_t> input, const ReaderRules& rules) const;
  static ReadEvent TakeShortMessage(std::span<uint8_t> input, size_t bytes, uint8_t* payload_out,
                                    const ReaderRules& rules);
  static ReadEvent RefuseText();
  ReadEvent NextInGeneral(std::span<uint8_t> input, uint8_t* payload_out, const ReaderRules& rules);
  ReadEvent OnDataHeader(const FrameHeader& header, std::span<uint8_t> input, uint8_t* payload_out,
                         const ReaderRules& rules);
  ReadEvent OnControlHeader(const FrameHeader& header, std::span<uint8_t> input) const;
  ReadEvent OnPartialHeader(std::span<uint8_t> input) const;
  ReadEvent TakePayload(std::span<uint8_t> input, size_t header_bytes, uint8_t* payload_out);

  uint64_t frame_bytes_left_ = 0;  // Payload of the current frame that has not come yet.
  uint64_t message_bytes_ = 0;     // Payload of the message, by the headers seen.
  uint32_t mask_ = 0;              // Turned to the next payload byte.
  Utf8Validator utf8_;
  Opcode message_opcode_ = Opcode::kContinuation;  // kContinuation: between messages.
  uint8_t message_rsv_ = 0;
  bool frame_fin_ = false;
  bool checks_utf8_ = false;
};
static_assert(sizeof(FrameReader) <= 40);

/// The payload bytes when the front of `input` is a whole message in one frame with a 7-bit length,
/// which nearly all interactive traffic is; else kNotShort. Such a message changes no state, so
/// frame follows frame without waiting for the one before.
inline size_t FrameReader::ShortMessageBytes(std::span<const uint8_t> input,
                                             const ReaderRules& rules) const {
  if (input.size() < kShortHeaderBytes || frame_bytes_left_ != 0 || InMessage()) return kNotShort;
  const auto bytes = static_cast<size_t>(input[1] ^ 0x80);  // Without the mask bit: beyond 125.
  const bool is_message = input[0] == 0x81 || input[0] == 0x82;
  const bool is_whole =
      bytes <= kControlPayloadBytesMax && input.size() - kShortHeaderBytes >= bytes;
  const bool is_allowed = bytes <= rules.frame_bytes_max && bytes <= rules.message_bytes_max;
  return is_message && is_whole && is_allowed ? bytes : kNotShort;
}

inline ReadEvent FrameReader::TakeShortMessage(std::span<uint8_t> input, size_t bytes,
                                               uint8_t* payload_out, const ReaderRules& rules) {
  ReadEvent event;
  event.step = ReadStep::kPayload;
  event.message_opcode = static_cast<Opcode>(input[0] & 0x0f);
  event.message_end = true;
  event.consumed = kShortHeaderBytes + bytes;
  event.payload = {payload_out, bytes};
  uint32_t mask = 0;
  std::memcpy(&mask, input.data() + 2, sizeof(mask));
  Unmask(payload_out, input.data() + kShortHeaderBytes, bytes, mask);
  if (event.message_opcode == Opcode::kText && rules.utf8_check == Utf8Check::kValidate) {
    if (!IsUtf8(event.payload)) [[unlikely]]
      return RefuseText();
  }
  return event;
}

}  // namespace ringway::ws
