// SPDX-License-Identifier: Apache-2.0
//
// Entity tags: what they are made of, and the comparisons of RFC 9110 8.8.3.2.
#include "gateway/http/entity_tag.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <set>
#include <string>
#include <vector>

namespace ringway::http {
namespace {

std::string Build(const FileVersion& version, ContentCoding coding = ContentCoding::kIdentity,
                  size_t room = kEntityTagBytesMax) {
  std::string out(room, '?');
  out.resize(BuildEntityTag(version, coding, out));
  return out;
}

bool Names(const std::vector<std::string_view>& values, std::string_view tag = "\"a\"",
           TagComparison comparison = TagComparison::kStrong) {
  return NamesEntityTag(values, tag, comparison);
}

TEST(EntityTag, IsMadeOfSizeTimesAndCoding) {
  const FileVersion version{.bytes = 0x1234, .modified_ns = 0x1abcdef, .changed_ns = 0xfed};
  EXPECT_EQ(Build(version), "\"1234-1abcdef-fed\"");
  EXPECT_EQ(Build(version, ContentCoding::kGzip), "\"1234-1abcdef-fed-gz\"");
  EXPECT_EQ(Build(version, ContentCoding::kBrotli), "\"1234-1abcdef-fed-br\"");
  EXPECT_EQ(Build({}), "\"0-0-0\"");
  EXPECT_EQ(Build({.bytes = 1, .modified_ns = -1}), "\"1-ffffffffffffffff-0\"");
}

TEST(EntityTag, DiffersWhereAnythingDiffers) {
  std::set<std::string> tags;
  for (const uint64_t bytes : {0x1U, 0x11U, 0x111U}) {
    for (const int64_t modified_ns : {0x1, 0x11, 0x111}) {
      for (const int64_t changed_ns : {0x1, 0x11, 0x111}) {
        for (const ContentCoding coding :
             {ContentCoding::kIdentity, ContentCoding::kGzip, ContentCoding::kBrotli}) {
          tags.insert(Build({bytes, modified_ns, changed_ns}, coding));
        }
      }
    }
  }
  EXPECT_EQ(tags.size(), 81U);
}

TEST(EntityTag, FitsIntoItsBoundAndIsWrittenWholeOrNotAtAll) {
  const FileVersion longest{std::numeric_limits<uint64_t>::max(), -1, -1};
  EXPECT_EQ(Build(longest, ContentCoding::kGzip).size(), kEntityTagBytesMax);
  for (size_t room = 0; room < kEntityTagBytesMax; ++room) {
    EXPECT_EQ(Build(longest, ContentCoding::kGzip, room), "") << room;
  }
}

struct ComparisonCase {
  const char* left;
  const char* right;
  bool strong;
  bool weak;
};

TEST(EntityTag, IsComparedAsTheStandardsTableSays) {
  for (const ComparisonCase& one : {
           ComparisonCase{"W/\"1\"", "W/\"1\"", false, true},
           ComparisonCase{"W/\"1\"", "W/\"2\"", false, false},
           ComparisonCase{"W/\"1\"", "\"1\"", false, true},
           ComparisonCase{"\"1\"", "\"1\"", true, true},
       }) {
    EXPECT_EQ(IsSameTag(one.left, one.right, TagComparison::kStrong), one.strong) << one.left;
    EXPECT_EQ(IsSameTag(one.right, one.left, TagComparison::kStrong), one.strong) << one.left;
    EXPECT_EQ(IsSameTag(one.left, one.right, TagComparison::kWeak), one.weak) << one.left;
    EXPECT_EQ(IsSameTag(one.right, one.left, TagComparison::kWeak), one.weak) << one.left;
    EXPECT_EQ(Names({one.left}, one.right, TagComparison::kStrong), one.strong) << one.left;
    EXPECT_EQ(Names({one.left}, one.right, TagComparison::kWeak), one.weak) << one.left;
  }
}

TEST(TagList, NamesEachOfItsTags) {
  EXPECT_TRUE(Names({"\"a\""}));
  EXPECT_TRUE(Names({"\"b\", \"a\""}));
  EXPECT_TRUE(Names({"\"a\",\"b\""}));
  EXPECT_TRUE(Names({"\"b\" \t, \t\"a\"\t "}));
  EXPECT_TRUE(Names({", ,\"b\",,\"a\","}));
  EXPECT_TRUE(Names({"\"b\"", "\"c\", \"a\""}));
  EXPECT_FALSE(Names({"\"b\", \"c\"", "\"d\""}));
  EXPECT_FALSE(Names({"\"aa\", \"A\", \"\""}));
}

TEST(TagList, IsReadAcrossCommasInsideTheQuotes) {
  EXPECT_TRUE(Names({"\"x,y\", \"a\""}));
  EXPECT_TRUE(Names({"\"x,y\""}, "\"x,y\""));
  EXPECT_FALSE(Names({"\"x,\"a\",y\""}));
  EXPECT_TRUE(Names({"\"\\\", \"a\""}));  // A backslash escapes nothing.
  EXPECT_TRUE(Names({"\"\xc3\xa4\", \"a\""}));
  EXPECT_TRUE(Names({"\"\""}, "\"\""));
}

TEST(TagList, ThatIsAStarAloneNamesEverything) {
  EXPECT_TRUE(Names({"*"}));
  EXPECT_FALSE(Names({"*", "*"}));
  EXPECT_FALSE(Names({"*", "\"b\""}));
  EXPECT_FALSE(Names({"*, \"a\""}));
  EXPECT_FALSE(Names({"\"b\", *"}));
  EXPECT_FALSE(Names({"\"*\""}));
}

TEST(TagList, WithoutATagNamesNothing) {
  EXPECT_FALSE(Names({}));
  EXPECT_FALSE(Names({""}));
  EXPECT_FALSE(Names({",", " , "}));
}

TEST(TagList, EndsWhereItIsNoList) {
  EXPECT_TRUE(Names({"\"a\", b"}));
  EXPECT_FALSE(Names({"b, \"a\""}));
  EXPECT_TRUE(Names({"b", "\"a\""}));
  for (const char* value : {"a", "\"", "\"a", "a\"", "W/a", "W/", "W", "w/\"a\"", "W /\"a\"", "'a'",
                            "\"b\" \"a\"", "\"b\"\"a\"", "\"b\"; \"a\"", "\"b c\", \"a\"",
                            "\"b\tc\", \"a\"", "\"b\x7f\", \"a\"", "\"a\"x"})
    EXPECT_FALSE(Names({value}, "\"a\"", TagComparison::kWeak)) << value;
}

}  // namespace
}  // namespace ringway::http
