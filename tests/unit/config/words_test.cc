// SPDX-License-Identifier: Apache-2.0
//
// The wording of hints: what counts as a slip of the fingers, and how foreign text is shown.
#include "gateway/config/words.h"

#include <gtest/gtest.h>

#include "gateway/config/text.h"

namespace ringway::config {
namespace {

TEST(EditDistance, CountsInsertionsDeletionsSubstitutionsAndSwaps) {
  EXPECT_EQ(EditDistance("", ""), 0u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("backend", "backend"), 0u);
  EXPECT_EQ(EditDistance("backnd", "backend"), 1u);
  EXPECT_EQ(EditDistance("baackend", "backend"), 1u);
  EXPECT_EQ(EditDistance("bockend", "backend"), 1u);
  EXPECT_EQ(EditDistance("bakcend", "backend"), 1u);
  EXPECT_EQ(EditDistance("BACKEND", "backend"), 0u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
}

TEST(EditDistance, LooksAtABoundedPartOfLongWords) {
  EXPECT_EQ(EditDistance(std::string(100'000, 'a'), std::string(200'000, 'a')), 0u);
  EXPECT_EQ(EditDistance(std::string(100'000, 'a'), ""), kComparedBytesMax);
}

TEST(Hint, SuggestsTheNearestOrListsWhatThereIs) {
  constexpr std::string_view kWords[] = {"name", "listener", "path"};
  EXPECT_EQ(Hint("nmae", kWords), R"(; did you mean "name"?)");
  EXPECT_EQ(Hint("listner", kWords), R"(; did you mean "listener"?)");
  EXPECT_EQ(Hint("colour", kWords), R"(; expected one of "name", "listener", "path")");
  EXPECT_EQ(Hint("x", std::span(kWords).first(1)), R"(; expected "name")");
  EXPECT_EQ(Hint("x", {}), "");
}

TEST(Hint, ListsAtMostTwentyWords) {
  const std::vector<std::string_view> words(21, "w");
  EXPECT_TRUE(Hint("something", words).ends_with(R"("w", "w", ...)"));
}

TEST(Quoted, ShowsForeignTextOnOneLineOfAscii) {
  EXPECT_EQ(Quoted("plain"), R"("plain")");
  EXPECT_EQ(Quoted("a\"b\\c\n\x1b\xC3"), R"("a\"b\\c\x0a\x1b\xc3")");
  EXPECT_EQ(Quoted(std::string(61, 'a')), Cat("\"", std::string(60, 'a'), "...\""));
}

TEST(Cat, JoinsTextsAndIntegers) {
  EXPECT_EQ(Cat(), "");
  EXPECT_EQ(Cat("a", std::string("b"), std::string_view("c"), -1, uint64_t{18446744073709551615u}),
            "abc-118446744073709551615");
}

}  // namespace
}  // namespace ringway::config
