// SPDX-License-Identifier: Apache-2.0
//
// Frame headers: the reader and the writers.
#include "gateway/ws/frame_header.h"

#include <algorithm>
#include <cstring>

namespace ringway::ws {
namespace {

constexpr uint8_t kFinBit = 0x80;
constexpr uint8_t kMaskBit = 0x80;
constexpr uint8_t kLengthIs16Bits = 126;
constexpr uint8_t kLengthIs64Bits = 127;

constexpr bool IsReserved(uint8_t opcode) { return opcode > 10 || (opcode > 2 && opcode < 8); }

HeaderResult CheckFirstByte(uint8_t first, uint8_t allowed_rsv_mask) {
  const uint8_t bits = first & 0x0f;
  if (IsReserved(bits)) return HeaderResult::kReservedOpcode;
  const auto opcode = static_cast<Opcode>(bits);
  const bool begins_message = opcode == Opcode::kText || opcode == Opcode::kBinary;
  const uint8_t allowed = begins_message ? allowed_rsv_mask : uint8_t{0};
  if (((first >> 4) & 7 & ~allowed) != 0) return HeaderResult::kReservedBits;
  if (IsControl(opcode) && (first & kFinBit) == 0) return HeaderResult::kControlFragmented;
  return HeaderResult::kWhole;
}

/// The extended length, of which `seen` has come and `length_bytes` (2 or 8) are due.
HeaderResult ReadLength(std::span<const uint8_t> seen, size_t length_bytes,
                        uint64_t* payload_bytes) {
  uint64_t value = 0;
  for (const uint8_t byte : seen) value = value << 8 | byte;
  if (length_bytes == 8) {
    if (!seen.empty() && (seen[0] & 0x80) != 0) return HeaderResult::kLengthTooLarge;
    // Six zero bytes already say that 16 bits would have done.
    const bool high_bytes_seen = seen.size() >= 6;
    if (high_bytes_seen && value >> (8 * (seen.size() - 6)) == 0) {
      return HeaderResult::kLengthNotMinimal;
    }
  }
  if (seen.size() < length_bytes) return HeaderResult::kNeedMore;
  if (length_bytes == 2 && value < kLengthIs16Bits) return HeaderResult::kLengthNotMinimal;
  *payload_bytes = value;
  return HeaderResult::kWhole;
}

/// Everything but the mask; `mask_bit` is 0 or kMaskBit.
size_t WriteHeader(Opcode opcode, uint64_t payload_bytes, uint8_t mask_bit, uint8_t* out) {
  const size_t header_bytes = ServerHeaderBytes(payload_bytes);
  out[0] = static_cast<uint8_t>(kFinBit | static_cast<uint8_t>(opcode));
  if (header_bytes == 2) {
    out[1] = static_cast<uint8_t>(mask_bit | payload_bytes);
    return header_bytes;
  }
  out[1] = mask_bit | (header_bytes == 4 ? kLengthIs16Bits : kLengthIs64Bits);
  for (size_t i = header_bytes; i > 2; --i) {
    out[i - 1] = static_cast<uint8_t>(payload_bytes);
    payload_bytes >>= 8;
  }
  return header_bytes;
}

}  // namespace

HeaderResult ParseFrameHeader(std::span<const uint8_t> bytes, uint8_t allowed_rsv_mask,
                              FrameHeader* out) {
  if (bytes.empty()) return HeaderResult::kNeedMore;
  const HeaderResult first_result = CheckFirstByte(bytes[0], allowed_rsv_mask);
  if (first_result != HeaderResult::kWhole) return first_result;
  if (bytes.size() < 2) return HeaderResult::kNeedMore;

  const auto opcode = static_cast<Opcode>(bytes[0] & 0x0f);
  const uint8_t length = bytes[1] & 0x7f;
  if ((bytes[1] & kMaskBit) == 0) return HeaderResult::kNotMasked;
  if (IsControl(opcode) && length > kControlPayloadBytesMax) return HeaderResult::kControlTooLong;

  uint64_t payload_bytes = length;
  size_t length_bytes = 0;
  if (length >= kLengthIs16Bits) {
    length_bytes = length == kLengthIs16Bits ? 2 : 8;
    const size_t seen_bytes = std::min(length_bytes, bytes.size() - 2);
    const HeaderResult result =
        ReadLength(bytes.subspan(2, seen_bytes), length_bytes, &payload_bytes);
    if (result != HeaderResult::kWhole) return result;
  }
  const size_t header_bytes = 2 + length_bytes + sizeof(out->mask);
  if (bytes.size() < header_bytes) return HeaderResult::kNeedMore;

  out->payload_bytes = payload_bytes;
  std::memcpy(&out->mask, bytes.data() + 2 + length_bytes, sizeof(out->mask));
  out->opcode = opcode;
  out->fin = (bytes[0] & kFinBit) != 0;
  out->masked = true;
  out->rsv = (bytes[0] >> 4) & 7;
  out->header_bytes = static_cast<uint8_t>(header_bytes);
  return HeaderResult::kWhole;
}

size_t BuildFrameHeaderBefore(Opcode opcode, uint64_t payload_bytes, uint8_t* payload) {
  return WriteHeader(opcode, payload_bytes, 0, payload - ServerHeaderBytes(payload_bytes));
}

size_t BuildFrameHeader(Opcode opcode, uint64_t payload_bytes, std::span<uint8_t> out) {
  return WriteHeader(opcode, payload_bytes, 0, out.data());
}

size_t BuildClientFrameHeader(Opcode opcode, uint64_t payload_bytes, uint32_t mask,
                              std::span<uint8_t> out) {
  const size_t written = WriteHeader(opcode, payload_bytes, kMaskBit, out.data());
  std::memcpy(out.data() + written, &mask, sizeof(mask));
  return written + sizeof(mask);
}

}  // namespace ringway::ws
