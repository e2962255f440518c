// SPDX-License-Identifier: Apache-2.0
//
// Fuzzes the frame reader: byte 0 picks the rules, byte 1 seeds the cuts, the rest is a client's
// stream. However it is cut, it must say what it says in one piece; HeldBytesCaller aborts where
// the reader breaks its contract.
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

/// Cuts into pieces of 1 to `longest` bytes.
Transcript ReadInPieces(std::span<const uint8_t> stream, const ReaderRules& rules, uint8_t seed) {
  const uint32_t longest = 1 + seed % 32;
  uint32_t state = seed;
  HeldBytesCaller caller(rules);
  while (!stream.empty()) {
    state = state * 1664525 + 1013904223;
    const size_t piece = std::min<size_t>(stream.size(), 1 + (state >> 16) % longest);
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
  const std::span<const uint8_t> stream(data + 2, size - 2);
  if (ReadInPieces(stream, rules, data[1]) != Read(stream, rules)) std::abort();
  return 0;
}
