// SPDX-License-Identifier: Apache-2.0
//
// What one worker remembers of names: a table of fixed size, in sets of four. A name that finds its
// set full takes the place of one that was not used since the last that looked for a place (a
// clock, as of pages); and a missing name takes the place of missing names only, so that a flood of
// names that do not exist pushes no file out.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "gateway/base/arena.h"
#include "gateway/base/mapping.h"

namespace ringway::files {

/// What is known of a name.
enum class Known : uint8_t { kNothing = 0, kMissing, kDirectory, kFile };

struct Name {
  uint32_t root = 0;
  std::string_view path;
};

/// One thread. It owns no file: whoever overwrites or forgets an entry gives up what is in it.
class NameIndex {
 public:
  /// What is left of four cache lines; longer names are not remembered.
  static constexpr size_t kPathBytesMax = 228;

  struct Entry {
    uint64_t hash;
    uint64_t looked_ns;   ///< when the file system was asked last
    base::BufferId file;  ///< kFile: one reference on it belongs to the entry
    uint32_t root;
    Known known;  ///< kNothing: the place is free
    bool was_used;
    uint8_t hand;  ///< of its set's clock; in the first of a set only
    uint8_t path_bytes;
    char path[kPathBytesMax];
  };
  static_assert(sizeof(Entry) == 256);

  /// Room for `names`, a power of two, at least four. RESOURCE_EXHAUSTED where address space is not
  /// to be had. `seed`: secret, by chance; who does not know it cannot choose names of one set.
  static absl::StatusOr<NameIndex> Map(uint32_t names, uint64_t seed);

  /// The entry of a name, or nullptr.
  Entry* Find(const Name& name);

  /// A place for a name that is not there: what is in it (nothing, where it was free) has to be
  /// given up, then Put. nullptr: none. REQUIRES: Find does not find the name.
  Entry* FindPlace(const Name& name, Known newcomer);
  /// The name itself; what is known of it, and since when, is the caller's to fill in.
  void Put(Entry& entry, const Name& name) const;

  /// All places, free ones too.
  std::span<Entry> entries() const {
    return {reinterpret_cast<Entry*>(mapping_.data()), size_t{sets_} * kWays};
  }

 private:
  static constexpr uint32_t kWays = 4;

  NameIndex(base::Mapping mapping, uint32_t sets, uint64_t seed)
      : mapping_(std::move(mapping)), sets_(sets), seed_(seed) {}
  uint64_t Hash(const Name& name) const;
  std::span<Entry> SetOf(uint64_t hash) const {
    return entries().subspan((hash & (sets_ - 1)) * kWays, kWays);
  }

  base::Mapping mapping_;
  uint32_t sets_;  ///< a power of two
  uint64_t seed_;
};

}  // namespace ringway::files
