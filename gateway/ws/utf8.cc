// SPDX-License-Identifier: Apache-2.0
//
// UTF-8 validation: byte by byte at the edges of a piece, simdjson for the bulk between them.
#include "gateway/ws/utf8.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>

namespace ringway::ws {
namespace {

/// From here on simdjson's call and its padded last block are cheaper than byte by byte.
constexpr size_t kBulkBytesMin = 24;

/// Up to here it pays to look first whether all is ASCII: simdjson's fixed cost is about 20 ns.
/// Beyond, it finds that out itself at twice the speed.
constexpr size_t kAsciiFirstBytesMax = 1024;

template <typename Word>
[[gnu::always_inline]] inline Word Load(const uint8_t* at) {
  Word word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

using Lanes16 = uint64_t __attribute__((vector_size(16)));

constexpr bool IsAscii(uint64_t word) { return (word & 0x8080'8080'8080'8080ULL) == 0; }
bool IsAscii(Lanes16 lanes) { return IsAscii(lanes[0] | lanes[1]); }

/// Bytes in front of the first that is not ASCII, rounded down to a step; all when all are ASCII.
/// The last step overlaps the one before it, so that no short end is left to look at.
size_t AsciiBytes(std::span<const uint8_t> text) {
  const uint8_t* const bytes = text.data();
  const size_t count = text.size();
  size_t at = 0;
  for (; at + 64 <= count; at += 64) {
    const Lanes16 low = Load<Lanes16>(bytes + at) | Load<Lanes16>(bytes + at + 16);
    const Lanes16 high = Load<Lanes16>(bytes + at + 32) | Load<Lanes16>(bytes + at + 48);
    if (!IsAscii(low | high)) return at;
  }
  for (; at + 16 <= count; at += 16) {
    if (!IsAscii(Load<Lanes16>(bytes + at))) return at;
  }
  if (count >= 16) return IsAscii(Load<Lanes16>(bytes + count - 16)) ? count : at;
  if (count >= 8) {
    return IsAscii(Load<uint64_t>(bytes) | Load<uint64_t>(bytes + count - 8)) ? count : 0;
  }
  while (at < count && bytes[at] < 0x80) ++at;
  return at;
}

}  // namespace

// RFC 3629 4:
//   UTF8-2 = %xC2-DF UTF8-tail
//   UTF8-3 = %xE0 %xA0-BF UTF8-tail / %xE1-EC 2( UTF8-tail ) /
//            %xED %x80-9F UTF8-tail / %xEE-EF 2( UTF8-tail )
//   UTF8-4 = %xF0 %x90-BF 2( UTF8-tail ) / %xF1-F3 3( UTF8-tail ) / %xF4 %x80-8F 2( UTF8-tail )
bool Utf8Validator::Begin(uint8_t lead) {
  if (lead < 0x80) return true;
  if (lead < 0xc2 || lead > 0xf4) return false;
  owed_ = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  next_min_ = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  next_max_ = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  return true;
}

bool Utf8Validator::Continue(uint8_t byte) {
  if (byte < next_min_ || byte > next_max_) return false;
  next_min_ = 0x80;
  next_max_ = 0xbf;
  --owed_;
  return true;
}

bool Utf8Validator::PushShort(std::span<const uint8_t> piece) {
  // A copy, because a byte of `piece` might be one of *this for all that the compiler knows.
  Utf8Validator state = *this;
  for (const uint8_t byte : piece) {
    if (state.owed_ == 0 ? !state.Begin(byte) : !state.Continue(byte)) return false;
  }
  *this = state;
  return true;
}

bool Utf8Validator::Push(std::span<const uint8_t> piece) {
  if (owed_ == 0 && piece.size() <= kAsciiFirstBytesMax) {
    piece = piece.subspan(AsciiBytes(piece));
    if (piece.empty()) return true;
  }
  if (piece.size() < kBulkBytesMin) return PushShort(piece);
  const size_t owed = owed_;
  if (!PushShort(piece.first(owed))) return false;
  piece = piece.subspan(owed);
  const size_t tail = IncompleteTailBytes(piece);
  const size_t bulk = piece.size() - tail;
  if (!simdjson::validate_utf8(reinterpret_cast<const char*>(piece.data()), bulk)) return false;
  return PushShort(piece.subspan(bulk));
}

bool IsUtf8(std::span<const uint8_t> text) {
  Utf8Validator validator;
  return validator.Push(text) && validator.AtBoundary();
}

size_t IncompleteTailBytes(std::span<const uint8_t> bytes) {
  const size_t most = std::min<size_t>(3, bytes.size());
  for (size_t count = 1; count <= most; ++count) {
    const std::span<const uint8_t> tail = bytes.last(count);
    const bool is_continuation = (tail[0] & 0xc0) == 0x80;
    if (is_continuation) continue;
    Utf8Validator validator;
    return validator.Push(tail) && !validator.AtBoundary() ? count : 0;
  }
  return 0;
}

}  // namespace ringway::ws
