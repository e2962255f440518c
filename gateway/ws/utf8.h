// SPDX-License-Identifier: Apache-2.0
//
// UTF-8 (RFC 3629) for text that arrives in pieces: is it valid so far, may it end here, and where
// can a run of bytes be cut between two characters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ringway::ws {

/// Validates one text after another, piece by piece, cut anywhere. Three bytes of state: how many
/// continuation bytes are owed, and the range of the next one.
class Utf8Validator {
 public:
  /// Takes the next piece. False as soon as no continuation could make the text valid: with the
  /// byte that breaks it, not with the end of the sequence. After false: Reset before the next
  /// Push.
  [[nodiscard]] bool Push(std::span<const uint8_t> piece);

  /// Whether the text may end here: no character is unfinished.
  [[nodiscard]] bool AtBoundary() const { return owed_ == 0; }

  /// Begins a new text.
  void Reset() { *this = Utf8Validator(); }

 private:
  bool Begin(uint8_t lead);
  bool Continue(uint8_t byte);
  bool PushShort(std::span<const uint8_t> piece);

  uint8_t owed_ = 0;
  uint8_t next_min_ = 0x80;
  uint8_t next_max_ = 0xbf;
};
static_assert(sizeof(Utf8Validator) <= 4);

/// Whether `text` is valid UTF-8 from the first byte to the last.
[[nodiscard]] bool IsUtf8(std::span<const uint8_t> text);

/// How many bytes (0 to 3) at the end of `bytes` form the beginning of a character that is not
/// finished and valid so far. A cut in front of them splits no character; 0 where the end is a
/// boundary or is not UTF-8 at all.
[[nodiscard]] size_t IncompleteTailBytes(std::span<const uint8_t> bytes);

}  // namespace ringway::ws
