// SPDX-License-Identifier: Apache-2.0
//
// The content of every message: what is sent and what must come back, computable at any position
// of a connection's stream without storing the stream.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace ringway::load {

/// Full: every byte. Sample: each message's first 16 bytes, and one message in 64 whole.
enum class Verify { kFull, kSample, kOff };

/// Names one message: of which connection, and which of its messages.
struct MessageId {
  uint32_t connection = 0;
  uint64_t sequence = 0;
};

using MaskKey = std::array<uint8_t, 4>;

/// Masks or unmasks a piece of payload that begins `phase` bytes into its frame's (RFC 6455 5.3).
void XorMask(std::span<uint8_t> bytes, MaskKey key, uint64_t phase);

/// Message (c, k) is 16 bytes that name c, k and the run, then bytes of one random block that
/// repeats, entered at an offset that depends on c and k; cut at the message's size. So a byte that
/// is lost, doubled, or of another message or connection shows.
class Pattern {
 public:
  /// Two runs with different seeds send different bytes.
  Pattern(uint64_t seed, uint64_t message_bytes);

  uint64_t message_bytes() const { return message_bytes_; }

  /// Writes bytes [offset, offset + out.size()) of the message to `out`.
  void Copy(MessageId id, uint64_t offset, std::span<uint8_t> out) const;

  /// The same, masked for a frame that holds the whole message (RFC 6455 5.3).
  void CopyMasked(MessageId id, uint64_t offset, MaskKey key, std::span<uint8_t> out) const;

  /// Whether `got` equals bytes [offset, offset + got.size()) of the message, as far as `verify`
  /// looks.
  bool Matches(MessageId id, uint64_t offset, std::span<const uint8_t> got, Verify verify) const;

  /// An unpredictable mask for a message's frame; the same each time it is asked for.
  MaskKey MaskOf(MessageId id) const;

 private:
  static constexpr uint64_t kHeadBytes = 16;

  std::array<uint8_t, kHeadBytes> HeadOf(MessageId id) const;
  /// Calls visit(span) for the pieces of the message's bytes [offset, offset + bytes), in order.
  template <typename Visit>
  void ForEachPiece(MessageId id, uint64_t offset, uint64_t bytes, Visit visit) const;

  uint64_t seed_;
  uint64_t message_bytes_;
  std::vector<uint8_t> block_;
};

}  // namespace ringway::load
