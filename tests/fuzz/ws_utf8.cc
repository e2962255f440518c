// SPDX-License-Identifier: Apache-2.0
//
// Fuzzes the UTF-8 validator: byte 0 seeds the cuts, the rest is text. The verdict must be the
// oracle's, with the piece that holds the breaking byte, and the incomplete tail must be its too.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "gateway/ws/utf8.h"
#include "tests/property/ws/oracles.h"

namespace ringway::ws {
namespace {

void Require(bool kept) {
  if (!kept) std::abort();
}

void CheckInPieces(std::span<const uint8_t> text, uint8_t seed) {
  const oracle::TextVerdict verdict = oracle::JudgeText(text);
  const uint32_t longest = 1 + seed % 128;
  uint32_t state = seed;
  Utf8Validator validator;
  for (size_t at = 0; at < text.size();) {
    state = state * 1664525 + 1013904223;
    const size_t piece = std::min<size_t>(text.size() - at, 1 + (state >> 16) % longest);
    const bool valid = validator.Push(text.subspan(at, piece));
    at += piece;
    Require(valid == (verdict.valid_bytes >= at));
    if (!valid) return;
  }
  Require(validator.AtBoundary() == (verdict.unfinished_bytes == 0));
  Require(IncompleteTailBytes(text) == verdict.unfinished_bytes);
}

}  // namespace
}  // namespace ringway::ws

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringway::ws;
  if (size < 1) return 0;
  const std::span<const uint8_t> text(data + 1, size - 1);
  CheckInPieces(text, data[0]);
  const oracle::TextVerdict verdict = oracle::JudgeText(text);
  Require(IsUtf8(text) == (verdict.valid_bytes == text.size() && verdict.unfinished_bytes == 0));
  return 0;
}
