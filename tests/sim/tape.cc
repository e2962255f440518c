// SPDX-License-Identifier: Apache-2.0
//
// Three periods of chance bytes, made once.
#include "tests/sim/tape.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "tests/sim/random.h"

namespace ringway::sim {
namespace {

/// Longer than what most sessions send, and prime: no buffer size divides it.
constexpr size_t kPeriodBytes = 65'521;

std::vector<uint8_t> MakeBinary(uint8_t turned) {
  Random random(7);
  std::vector<uint8_t> period(kPeriodBytes);
  for (uint8_t& byte : period) byte = static_cast<uint8_t>(random.Next()) ^ turned;
  return period;
}

std::vector<uint8_t> MakeText() {
  static constexpr const char* kCharacters[] = {"a", "Z", "0",  " ", "é", "ß",
                                                "Ω", "€", "語", "🜁", "𝄞", "~"};
  Random random(11);
  std::vector<uint8_t> period;
  while (period.size() + 4 <= kPeriodBytes) {
    const char* character = random.Pick(kCharacters);
    period.insert(period.end(), character, character + std::strlen(character));
  }
  while (period.size() < kPeriodBytes) period.push_back('.');
  return period;
}

std::span<const uint8_t> PeriodOf(TapeKind kind) {
  static const std::vector<uint8_t> kPeriods[] = {MakeBinary(0), MakeBinary(0xff), MakeText()};
  return kPeriods[static_cast<size_t>(kind)];
}

}  // namespace

Tape::Tape(TapeKind kind, uint64_t offset) : kind_(kind), period_(PeriodOf(kind)), offset_(0) {
  offset_ = CharacterFront(offset % kPeriodBytes);
}

void Tape::Fill(uint64_t from, std::span<uint8_t> out) const {
  while (!out.empty()) {
    const size_t at = (offset_ + from) % kPeriodBytes;
    const size_t bytes = std::min(out.size(), kPeriodBytes - at);
    std::memcpy(out.data(), period_.data() + at, bytes);
    out = out.subspan(bytes);
    from += bytes;
  }
}

bool Tape::Matches(uint64_t from, std::span<const uint8_t> bytes) const {
  while (!bytes.empty()) {
    const size_t at = (offset_ + from) % kPeriodBytes;
    const size_t count = std::min(bytes.size(), kPeriodBytes - at);
    if (std::memcmp(bytes.data(), period_.data() + at, count) != 0) return false;
    bytes = bytes.subspan(count);
    from += count;
  }
  return true;
}

uint64_t Tape::CharacterFront(uint64_t at) const {
  if (kind_ != TapeKind::kText) return at;
  while ((period_[(offset_ + at) % kPeriodBytes] & 0xc0) == 0x80) --at;
  return at;
}

}  // namespace ringway::sim
