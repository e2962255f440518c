// SPDX-License-Identifier: Apache-2.0
//
// The incremental frame reader: everything but the whole short message, which the header takes.
#include "gateway/ws/frame_reader.h"

#include <algorithm>

namespace ringway::ws {
namespace {

[[gnu::cold]] ReadEvent Refuse(CloseCode code, std::string_view reason) {
  ReadEvent event;
  event.step = ReadStep::kRefused;
  event.refusal = code;
  event.refusal_reason = reason;
  return event;
}

std::string_view HeaderFault(HeaderResult result) {
  switch (result) {
    case HeaderResult::kReservedBits:
      return "frame has a reserved bit set";
    case HeaderResult::kReservedOpcode:
      return "frame has a reserved opcode";
    case HeaderResult::kNotMasked:
      return "frame is not masked";
    case HeaderResult::kLengthNotMinimal:
      return "frame length is not in its shortest form";
    case HeaderResult::kLengthTooLarge:
      return "frame length has its top bit set";
    case HeaderResult::kControlTooLong:
      return "control frame is longer than 125 bytes";
    case HeaderResult::kControlFragmented:
      return "control frame is fragmented";
    case HeaderResult::kWhole:
    case HeaderResult::kNeedMore:
      break;
  }
  return "frame header is malformed";
}

std::string_view SequenceFault(Opcode opcode) {
  return opcode == Opcode::kContinuation ? "continuation without a message"
                                         : "new message inside a fragmented one";
}

ReadStep StepOf(Opcode control) {
  if (control == Opcode::kPing) return ReadStep::kPing;
  return control == Opcode::kPong ? ReadStep::kPong : ReadStep::kClose;
}

}  // namespace

ReadEvent FrameReader::RefuseText() {
  return Refuse(CloseCode::kInvalidPayload, "text is not valid UTF-8");
}

ReadEvent FrameReader::NextInGeneral(std::span<uint8_t> input, uint8_t* payload_out,
                                     const ReaderRules& rules) {
  if (frame_bytes_left_ != 0) {
    if (input.empty()) return ReadEvent{};
    return TakePayload(input, 0, payload_out);
  }
  FrameHeader header;
  const HeaderResult result = ParseFrameHeader(input, rules.allowed_rsv_mask, &header);
  if (result == HeaderResult::kWhole) [[likely]] {
    if (IsControl(header.opcode)) return OnControlHeader(header, input);
    return OnDataHeader(header, input, payload_out, rules);
  }
  if (result == HeaderResult::kNeedMore) return OnPartialHeader(input);
  return Refuse(CloseCode::kProtocolError, HeaderFault(result));
}

inline ReadEvent FrameReader::OnDataHeader(const FrameHeader& header, std::span<uint8_t> input,
                                           uint8_t* payload_out, const ReaderRules& rules) {
  const bool is_continuation = header.opcode == Opcode::kContinuation;
  if (is_continuation != InMessage()) [[unlikely]] {
    return Refuse(CloseCode::kProtocolError, SequenceFault(header.opcode));
  }
  if (!is_continuation) {
    message_opcode_ = header.opcode;
    message_rsv_ = header.rsv;
    message_bytes_ = 0;
    // A payload that an extension transformed is text only after the extension undid that.
    checks_utf8_ = header.opcode == Opcode::kText && header.rsv == 0 &&
                   rules.utf8_check == Utf8Check::kValidate;
    utf8_.Reset();
  }
  if (header.payload_bytes > rules.frame_bytes_max) [[unlikely]] {
    return Refuse(CloseCode::kTooBig, "frame is larger than allowed");
  }
  if (header.payload_bytes > rules.message_bytes_max - message_bytes_) [[unlikely]] {
    return Refuse(CloseCode::kTooBig, "message is larger than allowed");
  }
  message_bytes_ += header.payload_bytes;
  frame_bytes_left_ = header.payload_bytes;
  frame_fin_ = header.fin;
  mask_ = header.mask;
  return TakePayload(input, header.header_bytes, payload_out);
}

inline ReadEvent FrameReader::TakePayload(std::span<uint8_t> input, size_t header_bytes,
                                          uint8_t* payload_out) {
  const size_t here = std::min<uint64_t>(frame_bytes_left_, input.size() - header_bytes);
  mask_ = Unmask(payload_out, input.data() + header_bytes, here, mask_);
  frame_bytes_left_ -= here;
  const bool message_end = frame_fin_ && frame_bytes_left_ == 0;
  const std::span<uint8_t> payload(payload_out, here);
  if (checks_utf8_) {
    if (!utf8_.Push(payload) || (message_end && !utf8_.AtBoundary())) return RefuseText();
  }
  ReadEvent event;
  event.step = ReadStep::kPayload;
  event.message_opcode = message_opcode_;
  event.message_end = message_end;
  event.message_rsv = message_rsv_;
  event.consumed = header_bytes + here;
  event.payload = payload;
  if (message_end) message_opcode_ = Opcode::kContinuation;
  return event;
}

ReadEvent FrameReader::OnControlHeader(const FrameHeader& header, std::span<uint8_t> input) const {
  const size_t frame_bytes = header.header_bytes + header.payload_bytes;
  if (input.size() < frame_bytes) return ReadEvent{};
  const std::span<uint8_t> payload = input.subspan(header.header_bytes, header.payload_bytes);
  Unmask(payload.data(), payload.data(), payload.size(), header.mask);
  if (header.opcode == Opcode::kClose) {
    const ClosePayload close = ParseClosePayload(payload);
    if (!close.valid) return Refuse(close.refusal, close.refusal_reason);
  }
  ReadEvent event;
  event.step = StepOf(header.opcode);
  event.consumed = frame_bytes;
  event.payload = payload;
  return event;
}

ReadEvent FrameReader::OnPartialHeader(std::span<uint8_t> input) const {
  if (input.empty()) return ReadEvent{};
  // The first byte already shows whether the frame may come here.
  const auto opcode = static_cast<Opcode>(input[0] & 0x0f);
  if (!IsControl(opcode) && (opcode == Opcode::kContinuation) != InMessage()) {
    return Refuse(CloseCode::kProtocolError, SequenceFault(opcode));
  }
  return ReadEvent{};
}

}  // namespace ringway::ws
