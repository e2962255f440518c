// SPDX-License-Identifier: Apache-2.0
//
// Names to places, and the clock of a set.
#include "gateway/files/name_index.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "gateway/base/check.h"
#include "gateway/files/mix.h"

namespace ringway::files {

absl::StatusOr<NameIndex> NameIndex::Map(uint32_t names, uint64_t seed) {
  RINGWAY_CHECK(std::has_single_bit(names) && names >= kWays);
  auto mapping = base::Mapping::Reserve(names * sizeof(Entry), "index of file names");
  if (!mapping.ok()) return mapping.status();
  return NameIndex(*std::move(mapping), names / kWays, seed);
}

uint64_t NameIndex::Hash(const Name& name) const {
  uint64_t hash = Fold(seed_ ^ name.root, kMix) + name.path.size();
  for (size_t at = 0; at < name.path.size(); at += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, name.path.data() + at, std::min(sizeof word, name.path.size() - at));
    hash = Fold(hash ^ word, seed_ ^ kMix) + seed_;
  }
  return hash;
}

NameIndex::Entry* NameIndex::Find(const Name& name) {
  if (name.path.size() > kPathBytesMax) return nullptr;
  const uint64_t hash = Hash(name);
  for (Entry& entry : SetOf(hash)) {
    if (entry.known == Known::kNothing || entry.hash != hash || entry.root != name.root) continue;
    if (std::string_view(entry.path, entry.path_bytes) == name.path) return &entry;
  }
  return nullptr;
}

NameIndex::Entry* NameIndex::FindPlace(const Name& name, Known newcomer) {
  if (name.path.size() > kPathBytesMax) return nullptr;
  const std::span<Entry> set = SetOf(Hash(name));
  for (Entry& entry : set) {
    if (entry.known == Known::kNothing) return &entry;
  }
  uint8_t& hand = set[0].hand;
  // In its second round the clock finds nothing in use any more.
  for (uint32_t step = 0; step < 2 * kWays; ++step) {
    Entry& entry = set[hand];
    hand = static_cast<uint8_t>((hand + 1) % kWays);
    if (newcomer == Known::kMissing && entry.known != Known::kMissing) continue;
    if (!entry.was_used) return &entry;
    entry.was_used = false;
  }
  return nullptr;
}

void NameIndex::Put(Entry& entry, const Name& name) const {
  RINGWAY_CHECK_OP(name.path.size(), <=, kPathBytesMax);
  entry.hash = Hash(name);
  entry.root = name.root;
  entry.was_used = false;
  entry.path_bytes = static_cast<uint8_t>(name.path.size());
  std::ranges::copy(name.path, entry.path);
}

}  // namespace ringway::files
