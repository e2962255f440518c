// SPDX-License-Identifier: Apache-2.0
//
// The index against a plain map: it may forget what the map has, it never has what the map has not,
// and no file goes but for a file or a directory.
#include "gateway/files/name_index.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <utility>

namespace ringway::files {
namespace {

using Key = std::pair<uint32_t, std::string>;

class Against {
 public:
  explicit Against(uint64_t seed) : random_(seed), index_(*NameIndex::Map(32, seed * 977)) {}

  void Step() {
    const Key key{Below(2), Path()};
    const Name name{.root = key.first, .path = key.second};
    NameIndex::Entry* entry = index_.Find(name);
    const auto at = map_.find(key);
    ASSERT_EQ(entry != nullptr, at != map_.end()) << key.second;
    if (entry == nullptr) return Add(key);
    ASSERT_EQ(entry->file, at->second) << "another name's";
    ASSERT_EQ(std::string_view(entry->path, entry->path_bytes), key.second);
    entry->was_used = true;
    if (Below(8) > 0) return;
    entry->known = Known::kNothing;
    map_.erase(at);
  }

  void CheckAll() {
    size_t taken = 0;
    for (const NameIndex::Entry& entry : index_.entries()) {
      taken += entry.known != Known::kNothing ? 1 : 0;
    }
    ASSERT_EQ(taken, map_.size());
    for (const auto& [key, value] : map_) {
      const NameIndex::Entry* entry = index_.Find({.root = key.first, .path = key.second});
      ASSERT_NE(entry, nullptr) << key.second;
      ASSERT_EQ(entry->file, value);
    }
  }

 private:
  uint32_t Below(uint32_t bound) { return static_cast<uint32_t>(random_() % bound); }

  // Names that are alike: lengths around a word's, one letter.
  std::string Path() { return std::string(Below(40), "ab"[Below(2)]); }

  void Add(const Key& key) {
    const Name name{.root = key.first, .path = key.second};
    const auto known = static_cast<Known>(1 + Below(3));
    NameIndex::Entry* entry = index_.FindPlace(name, known);
    ASSERT_TRUE(entry != nullptr || known == Known::kMissing);
    if (entry == nullptr) return;
    if (entry->known != Known::kNothing) {
      ASSERT_TRUE(entry->known == Known::kMissing || known != Known::kMissing);
      ASSERT_FALSE(entry->was_used);
      map_.erase({entry->root, std::string(entry->path, entry->path_bytes)});
    }
    index_.Put(*entry, name);
    entry->known = known;
    entry->file = next_++;
    map_[key] = entry->file;
  }

  std::mt19937_64 random_;
  NameIndex index_;
  std::map<Key, uint32_t> map_;
  uint32_t next_ = 0;
};

class IndexAgainstMap : public testing::TestWithParam<uint64_t> {};

TEST_P(IndexAgainstMap, HasWhatWasPutAndNotPushedOut) {
  Against against(GetParam());
  for (int step = 0; step < 20'000; ++step) {
    against.Step();
    if (step % 100 == 0 && !HasFatalFailure()) against.CheckAll();
    if (HasFatalFailure()) FAIL() << "seed " << GetParam() << ", step " << step;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, IndexAgainstMap, testing::Range<uint64_t>(1, 9));

}  // namespace
}  // namespace ringway::files
