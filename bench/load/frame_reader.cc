// SPDX-License-Identifier: Apache-2.0
//
// Frame headers, written and read.
#include "bench/load/frame_reader.h"

#include <algorithm>

namespace ringway::load {
namespace {

constexpr uint8_t kFinal = 0x80;
constexpr uint8_t kReserved = 0x70;
constexpr uint8_t kMasked = 0x80;
constexpr uint8_t kLength16 = 126;
constexpr uint8_t kLength64 = 127;
constexpr uint64_t kControlPayloadMax = 125;

uint64_t ReadBigEndian(const uint8_t* bytes, size_t count) {
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i) value = (value << 8) | bytes[i];
  return value;
}

void WriteBigEndian(uint64_t value, uint8_t* bytes, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    bytes[i] = static_cast<uint8_t>(value >> (8 * (count - 1 - i)));
  }
}

}  // namespace

size_t WriteFrameHead(const FrameHead& head, std::span<uint8_t, kFrameHeadBytesMax> out) {
  out[0] = static_cast<uint8_t>((head.final ? kFinal : 0) | static_cast<uint8_t>(head.opcode));
  const uint8_t masked = head.masked ? kMasked : 0;
  size_t size = 2;
  if (head.payload_bytes < kLength16) {
    out[1] = static_cast<uint8_t>(masked | head.payload_bytes);
  } else if (head.payload_bytes <= UINT16_MAX) {
    out[1] = masked | kLength16;
    WriteBigEndian(head.payload_bytes, &out[2], 2);
    size = 4;
  } else {
    out[1] = masked | kLength64;
    WriteBigEndian(head.payload_bytes, &out[2], 8);
    size = 10;
  }
  if (!head.masked) return size;
  std::copy(head.key.begin(), head.key.end(), &out[size]);
  return size + head.key.size();
}

std::string BuildControlFrame(Opcode opcode, std::string_view payload, Masking masking) {
  FrameHead head;
  head.opcode = opcode;
  head.masked = masking == Masking::kMasked;
  head.key = {0x52, 0x69, 0x6e, 0x67};
  head.payload_bytes = payload.size();
  std::array<uint8_t, kFrameHeadBytesMax> bytes;
  std::string frame(bytes.begin(), bytes.begin() + WriteFrameHead(head, bytes));
  for (size_t i = 0; i < payload.size(); ++i) {
    const int mask = head.masked ? head.key[i % 4] : 0;
    frame += static_cast<char>(payload[i] ^ mask);
  }
  return frame;
}

size_t FrameReader::HeadBytes() const {
  if (have_ < 2) return 2;
  const uint8_t length = bytes_[1] & 0x7f;
  const size_t length_bytes = length == kLength64 ? 8 : length == kLength16 ? 2 : 0;
  return 2 + length_bytes + ((bytes_[1] & kMasked) != 0 ? 4 : 0);
}

FrameReader::Result FrameReader::TakeHead(std::span<uint8_t>& input) {
  while (have_ < HeadBytes()) {
    const size_t some = std::min(HeadBytes() - have_, input.size());
    if (some == 0) return Result::kNeedMore;
    std::copy_n(input.begin(), some, bytes_.begin() + have_);
    have_ += some;
    input = input.subspan(some);
  }
  violation_ = Decode();
  have_ = 0;
  return *violation_ == '\0' ? Result::kHead : Result::kViolation;
}

// Fills head_; an empty text when all is well.
const char* FrameReader::Decode() {
  if ((bytes_[0] & kReserved) != 0) return "reserved bit set";
  const uint8_t opcode = bytes_[0] & 0x0f;
  if ((opcode > 2 && opcode < 8) || opcode > 10) return "reserved opcode";
  head_.opcode = static_cast<Opcode>(opcode);
  head_.final = (bytes_[0] & kFinal) != 0;
  head_.masked = (bytes_[1] & kMasked) != 0;
  const uint8_t length = bytes_[1] & 0x7f;
  size_t at = 2;
  head_.payload_bytes = length;
  if (length >= kLength16) {
    const size_t count = length == kLength16 ? 2 : 8;
    head_.payload_bytes = ReadBigEndian(&bytes_[2], count);
    at += count;
    if (head_.payload_bytes < kLength16 || (count == 8 && head_.payload_bytes <= UINT16_MAX)) {
      return "length not in its shortest form";
    }
    if (head_.payload_bytes > INT64_MAX) return "length above 2^63 - 1";
  }
  if (head_.masked) std::copy_n(&bytes_[at], 4, head_.key.begin());
  payload_left_ = head_.payload_bytes;

  if (head_.masked != (reader_ == Reader::kServer)) {
    return head_.masked ? "masked frame from a server" : "unmasked frame from a client";
  }
  if (IsControl(head_.opcode)) {
    if (!head_.final) return "fragmented control frame";
    return head_.payload_bytes > kControlPayloadMax ? "control frame above 125 bytes" : "";
  }
  if ((head_.opcode == Opcode::kContinuation) != in_message_) {
    return in_message_ ? "new message inside a fragmented one" : "continuation of nothing";
  }
  in_message_ = !head_.final;
  return "";
}

std::span<uint8_t> FrameReader::TakePayload(std::span<uint8_t>& input) {
  const auto some = static_cast<size_t>(std::min<uint64_t>(payload_left_, input.size()));
  const std::span<uint8_t> taken = input.first(some);
  input = input.subspan(some);
  payload_left_ -= some;
  return taken;
}

}  // namespace ringway::load
