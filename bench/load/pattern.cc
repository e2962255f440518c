// SPDX-License-Identifier: Apache-2.0
//
// Message content, masked or plain, and its verification.
#include "bench/load/pattern.h"

#include <algorithm>
#include <cstring>

namespace ringway::load {
namespace {

/// The block's period: a prime, so that it is no multiple of any buffer's size and a piece that
/// was delivered from the wrong buffer of the right message still differs.
constexpr uint64_t kPeriod = 65521;

/// One message in so many is looked at whole when sampling.
constexpr uint64_t kSampleEvery = 64;

// SplitMix64: a good mix of one word in a few instructions.
uint64_t Mix(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

}  // namespace

void XorMask(std::span<uint8_t> bytes, MaskKey key, uint64_t phase) {
  std::rotate(key.begin(), key.begin() + phase % 4, key.end());
  uint32_t word = 0;
  std::memcpy(&word, key.data(), sizeof word);
  const uint64_t wide = (static_cast<uint64_t>(word) << 32) | word;
  size_t at = 0;
  for (; at + sizeof wide <= bytes.size(); at += sizeof wide) {
    uint64_t eight = 0;
    std::memcpy(&eight, &bytes[at], sizeof eight);
    eight ^= wide;
    std::memcpy(&bytes[at], &eight, sizeof eight);
  }
  for (; at < bytes.size(); ++at) bytes[at] ^= key[at % 4];
}

Pattern::Pattern(uint64_t seed, uint64_t message_bytes)
    : seed_(Mix(seed)), message_bytes_(message_bytes), block_(2 * kPeriod) {
  // Stored twice over, so that a period's length from any offset is one piece.
  for (uint64_t i = 0; i < kPeriod; ++i) {
    block_[i] = block_[i + kPeriod] = static_cast<uint8_t>(Mix(seed_ + i));
  }
}

std::array<uint8_t, Pattern::kHeadBytes> Pattern::HeadOf(MessageId id) const {
  std::array<uint8_t, kHeadBytes> head;
  const auto run = static_cast<uint32_t>(seed_);
  std::memcpy(&head[0], &id.sequence, 8);
  std::memcpy(&head[8], &id.connection, 4);
  std::memcpy(&head[12], &run, 4);
  return head;
}

template <typename Visit>
void Pattern::ForEachPiece(MessageId id, uint64_t offset, uint64_t bytes, Visit visit) const {
  if (offset < kHeadBytes && bytes > 0) {
    const std::array<uint8_t, kHeadBytes> head = HeadOf(id);
    const uint64_t some = std::min(bytes, kHeadBytes - offset);
    visit(std::span(&head[offset], some));
    offset += some;
    bytes -= some;
  }
  uint64_t at = (id.connection * 40503ULL + id.sequence * 9973ULL + offset) % kPeriod;
  while (bytes > 0) {
    const uint64_t some = std::min(bytes, kPeriod);
    visit(std::span(&block_[at], some));
    at = (at + some) % kPeriod;
    bytes -= some;
  }
}

void Pattern::Copy(MessageId id, uint64_t offset, std::span<uint8_t> out) const {
  uint8_t* to = out.data();
  ForEachPiece(id, offset, out.size(), [&](std::span<const uint8_t> piece) {
    to = std::copy(piece.begin(), piece.end(), to);
  });
}

void Pattern::CopyMasked(MessageId id, uint64_t offset, MaskKey key, std::span<uint8_t> out) const {
  Copy(id, offset, out);
  XorMask(out, key, offset);
}

bool Pattern::Matches(MessageId id, uint64_t offset, std::span<const uint8_t> got,
                      Verify verify) const {
  if (verify == Verify::kOff) return true;
  if (verify == Verify::kSample && id.sequence % kSampleEvery != 0) {
    if (offset >= kHeadBytes) return true;
    got = got.first(std::min(got.size(), kHeadBytes - offset));
  }
  bool same = true;
  const uint8_t* at = got.data();
  ForEachPiece(id, offset, got.size(), [&](std::span<const uint8_t> piece) {
    same = same && std::memcmp(at, piece.data(), piece.size()) == 0;
    at += piece.size();
  });
  return same;
}

MaskKey Pattern::MaskOf(MessageId id) const {
  const uint64_t mixed = Mix(seed_ ^ (static_cast<uint64_t>(id.connection) << 40) ^ id.sequence);
  MaskKey key;
  std::memcpy(key.data(), &mixed, key.size());
  return key;
}

}  // namespace ringway::load
