// SPDX-License-Identifier: Apache-2.0
//
// Tapes as they are, or in frames of chance lengths, with a ping now and then.
#include "tests/sim/wire.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace ringway::sim {
namespace {

constexpr uint8_t kFin = 0x80;
constexpr uint8_t kContinuation = 0;
constexpr uint8_t kBinary = 2;
constexpr uint8_t kPing = 9;
/// Extensions are agreed end to end: their bit passes.
constexpr uint8_t kRsv1 = 0x40;
constexpr uint32_t kPingChance = 1000;
constexpr uint32_t kFragmentChance = 3000;
constexpr uint32_t kExtensionChance = 1000;

}  // namespace

Wire::Wire(const Story& story, Direction direction) {
  const bool up = direction == Direction::kUp;
  const uint64_t payload = up ? story.up_bytes : story.down_bytes;
  if (story.inspect == config::Inspect::kHeaders) {
    AppendFrames(story, direction, payload);
  } else {
    bytes_.resize(payload);
    (up ? story.UpTape() : story.DownTape()).Fill(0, bytes_);
  }
}

void Wire::AppendFrames(const Story& story, Direction direction, uint64_t payload) {
  const bool up = direction == Direction::kUp;
  const Tape tape = up ? story.UpTape() : story.DownTape();
  Random random(up ? story.up_offset : story.down_offset + 1);
  Random* mask = up ? &random : nullptr;
  bool inside = false;
  for (uint64_t at = 0; at < payload || inside;) {
    if (random.Chance(kPingChance)) {
      const std::vector<uint8_t> text(random.Below(126), 'p');
      AppendFrame(kFin | kPing, text, mask);
    }
    std::vector<uint8_t> piece(std::min(payload - at, 1 + random.Below(story.message_bytes_max)));
    tape.Fill(at, piece);
    at += piece.size();
    const bool last = !random.Chance(kFragmentChance);
    uint8_t first = inside ? kContinuation : kBinary;
    if (!inside && random.Chance(kExtensionChance)) first |= kRsv1;
    AppendFrame(static_cast<uint8_t>(first | (last ? kFin : 0)), piece, mask);
    inside = !last;
  }
}

void Wire::AppendFrame(uint8_t first, std::span<const uint8_t> payload, Random* mask) {
  const uint8_t masked = mask != nullptr ? 0x80 : 0;
  bytes_.push_back(first);
  if (payload.size() < 126) {
    bytes_.push_back(static_cast<uint8_t>(masked | payload.size()));
  } else {
    const int bytes = payload.size() < 65536 ? 2 : 8;
    bytes_.push_back(static_cast<uint8_t>(masked | (bytes == 2 ? 126 : 127)));
    for (int i = bytes - 1; i >= 0; --i) {
      bytes_.push_back(static_cast<uint8_t>(payload.size() >> (8 * i)));
    }
  }
  std::array<uint8_t, 4> key{};
  if (mask != nullptr) {
    const uint64_t chance = mask->Next();
    std::memcpy(key.data(), &chance, key.size());
    bytes_.insert(bytes_.end(), key.begin(), key.end());
  }
  for (size_t i = 0; i < payload.size(); ++i) bytes_.push_back(payload[i] ^ key[i % 4]);
  frame_ends_.push_back(bytes_.size());
}

bool Wire::Matches(uint64_t at, std::span<const uint8_t> bytes) const {
  return at + bytes.size() <= bytes_.size() &&
         std::ranges::equal(From(at).first(bytes.size()), bytes);
}

uint64_t Wire::ToFrameEnd(uint64_t at) const {
  const auto end = std::ranges::upper_bound(frame_ends_, at);
  return (end == frame_ends_.end() ? bytes_.size() : *end) - at;
}

}  // namespace ringway::sim
