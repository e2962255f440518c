// SPDX-License-Identifier: Apache-2.0
//
// Fuzzes the frame reader: byte 0 picks the rules, byte 1 says how many bytes of cuts follow, and
// what is left is a client's stream. However it is cut, it must say what it says in one piece;
// HeldBytesCaller aborts where the reader breaks its contract.
//
// The cuts are the input's own, one byte a piece, so that the engine can put one anywhere: the
// pieces' sizes come in turn, and from the first again. Every short stream also comes byte by byte.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "tests/property/ws/transcript.h"

namespace ringway::ws {
namespace {

ReaderRules RulesOf(uint8_t choice) {
  const bool small = (choice & 1) != 0;
  return {.allowed_rsv_mask = static_cast<uint8_t>((choice & 2) != 0 ? kRsv1 : 0),
          .utf8_check = (choice & 4) != 0 ? Utf8Check::kSkip : Utf8Check::kValidate,
          .frame_bytes_max = small ? 100 : uint64_t{1} << 40,
          .message_bytes_max = small ? 150 : uint64_t{1} << 40};
}

/// Beyond it a stream does not come byte by byte: that would slow the engine down.
constexpr size_t kByteByByteMax = 2048;
constexpr uint8_t kSingleByte = 0;

/// Each size up to 128 bytes, then steps of 128 up to what a receive buffer holds and more.
size_t PieceBytes(uint8_t cut) { return cut < 128 ? cut + size_t{1} : (cut - size_t{126}) * 128; }

/// REQUIRES: `cuts` is not empty.
Transcript ReadInPieces(std::span<const uint8_t> stream, const ReaderRules& rules,
                        std::span<const uint8_t> cuts) {
  HeldBytesCaller caller(rules);
  for (size_t next = 0; !stream.empty(); next = (next + 1) % cuts.size()) {
    const size_t piece = std::min(stream.size(), PieceBytes(cuts[next]));
    caller.Feed(stream.first(piece));
    stream = stream.subspan(piece);
  }
  return caller.Result();
}

}  // namespace
}  // namespace ringway::ws

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringway::ws;
  if (size < 2) return 0;
  const ReaderRules rules = RulesOf(data[0]);
  std::span<const uint8_t> stream(data + 2, size - 2);
  const std::span<const uint8_t> cuts = stream.first(std::min<size_t>(data[1], stream.size()));
  stream = stream.subspan(cuts.size());
  const Transcript whole = Read(stream, rules);
  if (!cuts.empty() && ReadInPieces(stream, rules, cuts) != whole) std::abort();
  const bool is_short = stream.size() <= kByteByByteMax;
  if (is_short && ReadInPieces(stream, rules, {&kSingleByte, 1}) != whole) std::abort();
  return 0;
}
