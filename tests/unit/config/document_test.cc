// SPDX-License-Identifier: Apache-2.0
//
// Texts that the TOML library does not bear: each must end in one complaint with its place.
#include "gateway/config/document.h"

#include <gtest/gtest.h>

#include "gateway/config/text.h"
#include "tests/unit/config/parse_text.h"

namespace ringway::config {
namespace {

using Lines = std::vector<std::string>;

std::string Repeated(std::string_view text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

TEST(Document, GivesTheLineWhereTheLibraryGivesUp) {
  EXPECT_EQ(
      Complain("[gateway]\nworkers = 1\n\n[=]\n[x]\n"),
      Lines{"t:4:1: not TOML: this line cannot be read; expected a [table], a key = value, or "
            "a comment"});
}

TEST(Document, RefusesCharactersBeyondAsciiOutsideOfStringsAndComments) {
  const std::string refused = "not readable: a character beyond ASCII; expected it only in quotes";
  EXPECT_EQ(Complain("# \xC3\xA9\nworkers = \xC3\xA9"), Lines{"t:2:11: " + refused});
  EXPECT_EQ(Complain("a = \"\xC3\xA9\\\"\xC3\xA9\" \xE2\x80\xA8"), Lines{"t:1:12: " + refused});
  EXPECT_EQ(Complain("a = '\xC3\xA9\\' \xFF"), Lines{"t:1:10: " + refused});
  EXPECT_EQ(
      Complain("a = \"\"\"\nx\\\xC3\xA9\"\"\""),
      Lines{"t:2:3: not readable: a character beyond ASCII; expected it only in strings on one "
            "line"});
}

// Behind the mistake, a number with an equals sign in it, the library looks ahead into what the
// guard takes for a string. Its undefined behaviour there shows under UBSan.
TEST(Document, BearsCharactersBeyondAsciiWhereTheLibraryLooksAhead) {
  const Lines complaints = Complain("a = 0b=\"\xC3\xA9\xEF\xB9\xBF\"");
  ASSERT_EQ(complaints.size(), 1u);
  EXPECT_TRUE(complaints[0].starts_with("t:1:")) << complaints[0];
}

TEST(Document, ShowsCharactersBeyondAsciiOfStringsInComplaints) {
  EXPECT_EQ(Complain(ValidAnd("frames = \"\xC3\xA9\"")),
            Lines{R"(t:15:10: unknown frames "\xc3\xa9"; expected one of "binary", "text")"});
}

TEST(Document, RefusesKeysThatNestWithoutEnd) {
  EXPECT_EQ(Complain(Repeated("a.", 100'000) + "a = 1"),
            Lines{"t:1:130: not readable: more than 64 dots in one line"});
  EXPECT_EQ(Complain(Cat("\n[", Repeated("a.", 65), "a]")),
            Lines{"t:2:131: not readable: more than 64 dots in one line"});
}

TEST(Document, ReadsTheDeepestTextThatTheGuardLetsPass) {
  const std::string key = Repeated("a.", 64 / 8);
  std::string text = Cat("[", Repeated("b.", 64), "b]\n");
  text += Cat(Repeated(key + "a = {", 7), key, "a = 1", Repeated("}", 7), "\n");
  EXPECT_EQ(Complain(text).size(), 3u) << "no listener, no route, and the unknown key";
}

TEST(Document, CountsNoDotsInStringsAndComments) {
  EXPECT_EQ(Complain(ValidAnd("# " + Repeated(".", 1000) + "\n")), Lines{});
  EXPECT_EQ(Complain(ValidAnd("origins = [\"http://a" + Repeated(".a", 200) + "\"]")), Lines{});
}

TEST(Document, RefusesValuesThatNestWithoutEnd) {
  const Lines arrays = Complain("a = " + Repeated("[", 100'000));
  ASSERT_EQ(arrays.size(), 1u);
  EXPECT_TRUE(arrays[0].starts_with("t:1:13: not TOML: ")) << arrays[0];
  const Lines tables = Complain("a = " + Repeated("{a = ", 100'000));
  ASSERT_EQ(tables.size(), 1u);
  EXPECT_TRUE(tables[0].starts_with("t:1:")) << tables[0];
}

TEST(Document, RefusesATextLongerThanTheBound) {
  const std::string longest = std::string(kTextBytesMax - kValidText.size(), '\n');
  EXPECT_EQ(Complain(ValidAnd(longest)), Lines{});
  EXPECT_EQ(Complain(ValidAnd(longest + "\n")),
            Lines{"t:1:1: the text has 1048577 bytes; expected at most 1048576"});
}

TEST(Document, KnowsWhereMultiLineStringsEnd) {
  const auto config =
      ParseOrNull(ValidAnd("[gateway]\ncontrol_socket = \"\"\"/a\"\"\"\"\" # \xC3\xA9\n"));
  ASSERT_TRUE(config);
  EXPECT_EQ(config->gateway.control_socket, "/a\"\"");
}

}  // namespace
}  // namespace ringway::config
