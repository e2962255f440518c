// SPDX-License-Identifier: Apache-2.0
//
// Fuzzes the header follower: byte 0 picks rules and direction, byte 1 says how many bytes of cuts
// follow, and what is left is a stream. However it is cut, it must be what the slow reader of
// tests/property/ws says it is.
//
// The cuts are the input's own, one byte a piece: the pieces' sizes come in turn, and from the
// first again. Every short stream also comes byte by byte.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "tests/property/ws/follow_oracle.h"

namespace ringway::ws {
namespace {

/// Beyond it a stream does not come byte by byte: that would slow the engine down.
constexpr size_t kByteByByteMax = 2048;
constexpr uint8_t kSingleByte = 0;

ReaderRules RulesOf(uint8_t choice) {
  const bool is_small = (choice & 1) != 0;
  return {.frame_bytes_max = is_small ? 100 : uint64_t{1} << 40,
          .message_bytes_max = is_small ? 150 : uint64_t{1} << 40};
}

/// Each size up to 128 bytes, then steps of 128 up to what a receive buffer holds and more.
size_t PieceBytes(uint8_t cut) { return cut < 128 ? cut + size_t{1} : (cut - size_t{126}) * 128; }

/// REQUIRES: `cuts` is not empty.
FollowCaller FollowInPieces(std::span<const uint8_t> stream, FollowCaller caller,
                            std::span<const uint8_t> cuts) {
  for (size_t next = 0; !stream.empty(); next = (next + 1) % cuts.size()) {
    const size_t piece = std::min(stream.size(), PieceBytes(cuts[next]));
    caller.Feed(stream.first(piece));
    stream = stream.subspan(piece);
  }
  return caller;
}

void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace
}  // namespace ringway::ws

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringway::ws;
  if (size < 2) return 0;
  const ReaderRules rules = RulesOf(data[0]);
  const Direction direction = (data[0] & 2) != 0 ? Direction::kFromBackend : Direction::kFromClient;
  std::span<const uint8_t> stream(data + 2, size - 2);
  const std::span<const uint8_t> cuts = stream.first(std::min<size_t>(data[1], stream.size()));
  stream = stream.subspan(cuts.size());

  uint64_t passed_bytes = 0;
  const FollowVerdict truth = oracle::FollowWhole(stream, direction, rules, &passed_bytes);
  const FollowCaller begin(direction, rules);
  FollowCaller whole = begin;
  whole.Feed(stream);
  Require(whole.Agrees(truth, passed_bytes));
  if (!cuts.empty()) Require(FollowInPieces(stream, begin, cuts).Agrees(truth, passed_bytes));
  if (stream.size() <= kByteByByteMax) {
    Require(FollowInPieces(stream, begin, {&kSingleByte, 1}).Agrees(truth, passed_bytes));
  }
  return 0;
}
