// SPDX-License-Identifier: Apache-2.0
//
// Names in sets of four: who is found, and who has to go.
#include "gateway/files/name_index.h"

#include <gtest/gtest.h>

#include <string>

namespace ringway::files {
namespace {

/// One set only, so that all names meet.
class OneSet : public testing::Test {
 protected:
  /// Puts a name in; the place it took, or nullptr.
  NameIndex::Entry* Add(std::string_view path, Known known) {
    NameIndex::Entry* entry = index_.FindPlace({.path = path}, known);
    if (entry == nullptr) return nullptr;
    index_.Put(*entry, {.path = path});
    entry->known = known;
    return entry;
  }
  bool Has(std::string_view path) { return index_.Find({.path = path}) != nullptr; }
  void Use(std::string_view path) { index_.Find({.path = path})->was_used = true; }

  NameIndex index_ = *NameIndex::Map(4, 42);
};

TEST_F(OneSet, FindsANameByItsRootAndItsWholePath) {
  NameIndex::Entry* entry = Add("a/b.txt", Known::kMissing);
  EXPECT_EQ(index_.Find({.path = "a/b.txt"}), entry);
  EXPECT_FALSE(Has("a/b.tx"));
  EXPECT_FALSE(Has("a/b.txt2"));
  EXPECT_FALSE(Has(std::string_view("a/b.txt\0", 8)));
  EXPECT_EQ(index_.Find({.root = 1, .path = "a/b.txt"}), nullptr);
}

TEST_F(OneSet, RemembersTheEmptyNameAndTheLongest) {
  const std::string longest(NameIndex::kPathBytesMax, 'n');
  Add("", Known::kMissing);
  Add(longest, Known::kFile);
  EXPECT_TRUE(Has(""));
  EXPECT_TRUE(Has(longest));
  EXPECT_EQ(Add(longest + "n", Known::kFile), nullptr) << "no longer one";
  EXPECT_FALSE(Has(longest + "n"));
}

TEST_F(OneSet, TakesAFreePlaceFirst) {
  for (const char* path : {"a", "b", "c", "d"}) {
    EXPECT_EQ(index_.FindPlace({.path = path}, Known::kFile)->known, Known::kNothing);
    Add(path, Known::kFile);
  }
  index_.Find({.path = "c"})->known = Known::kNothing;
  EXPECT_FALSE(Has("c"));
  Add("e", Known::kFile);
  for (const char* path : {"a", "b", "d", "e"}) EXPECT_TRUE(Has(path)) << path;
}

TEST_F(OneSet, ANameThatWasUsedSurvivesARound) {
  for (const char* path : {"a", "b", "c", "d"}) Add(path, Known::kFile);
  Use("a");
  Use("b");
  Add("e", Known::kFile);
  EXPECT_FALSE(Has("c"));
  Add("f", Known::kFile);
  EXPECT_FALSE(Has("d"));
  Add("g", Known::kFile);
  EXPECT_FALSE(Has("a")) << "one round";
  EXPECT_TRUE(Has("b"));
}

TEST_F(OneSet, SomebodyGoesEvenWhereAllAreUsed) {
  for (const char* path : {"a", "b", "c", "d"}) {
    Add(path, Known::kFile);
    Use(path);
  }
  EXPECT_NE(Add("e", Known::kFile), nullptr);
  EXPECT_FALSE(Has("a"));
}

TEST_F(OneSet, MissingNamesPushOutMissingNamesOnly) {
  Add("file", Known::kFile);
  Add("folder", Known::kDirectory);
  Add("gone", Known::kMissing);
  Use("gone");
  for (int i = 0; i < 100; ++i) ASSERT_NE(Add(std::to_string(i), Known::kMissing), nullptr);
  EXPECT_TRUE(Has("file"));
  EXPECT_TRUE(Has("folder"));
  EXPECT_TRUE(Has("99"));
}

TEST_F(OneSet, MissingNamesAreNotRememberedAmongFilesAlone) {
  for (const char* path : {"a", "b", "c", "d"}) {
    Add(path, Known::kFile);
    Use(path);
  }
  for (int i = 0; i < 9; ++i) EXPECT_EQ(Add("gone", Known::kMissing), nullptr);
  for (const char* path : {"a", "b", "c", "d"}) {
    EXPECT_TRUE(index_.Find({.path = path})->was_used) << "and age nobody";
  }
}

TEST(NameIndex, DiesOnACountThatIsNoPowerOfTwo) {
  EXPECT_DEATH(static_cast<void>(NameIndex::Map(96, 1)), "check failed");
  EXPECT_DEATH(static_cast<void>(NameIndex::Map(2, 1)), "check failed");
}

TEST(NameIndex, SpreadsNamesOverItsSets) {
  NameIndex index = *NameIndex::Map(1024, 7);
  uint32_t pushed_out = 0;
  for (int i = 0; i < 512; ++i) {
    const std::string path = "images/" + std::to_string(i) + ".png";
    NameIndex::Entry* entry = index.FindPlace({.path = path}, Known::kFile);
    pushed_out += entry->known != Known::kNothing ? 1 : 0;
    index.Put(*entry, {.path = path});
    entry->known = Known::kFile;
  }
  // Poisson of two in a set of four: 14.3 percent of the sets are over, by some 28 names in all.
  EXPECT_LT(pushed_out, 60U);
}

}  // namespace
}  // namespace ringway::files
