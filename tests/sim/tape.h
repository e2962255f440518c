// SPDX-License-Identifier: Apache-2.0
//
// Streams without end whose every byte is known from its place: what somebody sends is a piece of a
// tape, so whoever receives needs no copy of it to know what is owed.
#pragma once

#include <cstdint>
#include <span>

namespace ringway::sim {

enum class TapeKind : uint8_t {
  kBinary,
  kInverted,  ///< the binary tape with every bit turned: what an echo answers
  kText,      ///< UTF-8, characters of one to four bytes
};

class Tape {
 public:
  /// Begins at `offset` of the endless stream; a text tape at the character's front there.
  Tape(TapeKind kind, uint64_t offset);

  void Fill(uint64_t from, std::span<uint8_t> out) const;
  bool Matches(uint64_t from, std::span<const uint8_t> bytes) const;
  /// The last place at or before `at` where a character begins; `at` itself if it is not text.
  uint64_t CharacterFront(uint64_t at) const;

  TapeKind kind() const { return kind_; }
  uint64_t offset() const { return offset_; }

 private:
  TapeKind kind_;
  std::span<const uint8_t> period_;
  uint64_t offset_;
};

}  // namespace ringway::sim
