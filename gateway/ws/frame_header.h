// SPDX-License-Identifier: Apache-2.0
//
// The 2 to 14 bytes in front of each frame: read from clients, written for them. Knows nothing of
// messages: what a frame means after the frames before it is the frame reader's affair.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "gateway/ws/opcode.h"

namespace ringway::ws {

/// A server's header: two bytes and up to eight of length.
inline constexpr size_t kServerHeaderBytesMax = 2 + 8;
/// A client's header: the same and four bytes of mask.
inline constexpr size_t kClientHeaderBytesMax = 2 + 8 + 4;
/// RFC 6455 5.5: a control frame's length fits the seven bits.
inline constexpr size_t kControlPayloadBytesMax = 125;

/// The bits of FrameHeader::rsv and of `allowed_rsv_mask`.
inline constexpr uint8_t kRsv1 = 4;
inline constexpr uint8_t kRsv2 = 2;
inline constexpr uint8_t kRsv3 = 1;

//  RFC 6455 5.2
//
//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-------+-+-------------+-------------------------------+
//   |F|R|R|R| opcode|M| Payload len |    Extended payload length    |
//   |I|S|S|S|  (4)  |A|     (7)     |             (16/64)           |
//   |N|V|V|V|       |S|             |   (if payload len==126/127)   |
//   | |1|2|3|       |K|             |                               |
//   +-+-+-+-+-------+-+-------------+ - - - - - - - - - - - - - - - +
//   |     Extended payload length continued, if payload len == 127  |
//   + - - - - - - - - - - - - - - - +-------------------------------+
//   |                               |Masking-key, if MASK set to 1  |
//   +-------------------------------+-------------------------------+
//   | Masking-key (continued)       |          Payload Data         |
//   +-------------------------------- - - - - - - - - - - - - - - - +
//
/// A header, decoded. Not the wire's layout; lengths are bytes.
struct FrameHeader {
  uint64_t payload_bytes = 0;
  uint32_t mask = 0;  // The four bytes as they lie in memory (memcpy), in neither byte order.
  Opcode opcode = Opcode::kContinuation;
  bool fin = false;
  bool masked = false;
  uint8_t rsv = 0;           // kRsv1 | kRsv2 | kRsv3
  uint8_t header_bytes = 0;  // 2 to 14; the payload begins behind them.
};
static_assert(sizeof(FrameHeader) <= 24);

/// kWhole: the header is decoded. kNeedMore: no fault in the bytes so far. The rest are refusals,
/// each of them a protocol error (1002).
enum class HeaderResult : uint8_t {
  kWhole,
  kNeedMore,
  kReservedBits,
  kReservedOpcode,
  kNotMasked,
  kLengthNotMinimal,
  kLengthTooLarge,  // The 64-bit length has its top bit set.
  kControlTooLong,
  kControlFragmented,
};

/// Decodes a client's frame header (RFC 6455 5.2) from the front of `bytes`. Refuses as soon as the
/// bytes that are there show the fault, so a refusal may come before the header is whole. A frame
/// without mask is a fault (5.1). RSV bits are allowed by the mask and only on the first frame of a
/// message, which is where extensions put them (RFC 7692 6). Writes `out` only for kWhole.
[[nodiscard]] HeaderResult ParseFrameHeader(std::span<const uint8_t> bytes,
                                            uint8_t allowed_rsv_mask, FrameHeader* out);

/// Bytes of the unmasked header for a payload: 2, 4 or 10.
[[nodiscard]] constexpr size_t ServerHeaderBytes(uint64_t payload_bytes) {
  return payload_bytes <= 125 ? 2 : payload_bytes <= 0xffff ? 4 : 10;
}

/// Writes an unmasked FIN header so that it ends right before `payload`; returns its bytes: 2, 4 or
/// 10. REQUIRES: kServerHeaderBytesMax writable bytes in front of `payload` (or as many as
/// ServerHeaderBytes says).
size_t BuildFrameHeaderBefore(Opcode opcode, uint64_t payload_bytes, uint8_t* payload);

/// The same from the front of `out`. REQUIRES: out.size() >= ServerHeaderBytes(payload_bytes).
size_t BuildFrameHeader(Opcode opcode, uint64_t payload_bytes, std::span<uint8_t> out);

/// A client's masked FIN header, for load generators and tests; returns its bytes: 6, 8 or 14.
/// `mask` is in memory order. REQUIRES: out.size() >= ServerHeaderBytes(payload_bytes) + 4.
size_t BuildClientFrameHeader(Opcode opcode, uint64_t payload_bytes, uint32_t mask,
                              std::span<uint8_t> out);

}  // namespace ringway::ws
