// SPDX-License-Identifier: Apache-2.0
//
// What is served all the same, and hardly meant.
#include "gateway/config/warnings.h"

#include <gtest/gtest.h>

#include "tests/unit/config/parse_text.h"

namespace ringway::config {
namespace {

using Lines = std::vector<std::string>;

/// The warnings about a valid text.
Lines Warnings(std::string_view text) {
  const auto parsed = ParseWithWarnings(text, "t");
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() ? parsed->warnings : Lines{};
}

TEST(ConfigWarnings, AreNoneOfAPlainConfiguration) { EXPECT_EQ(Warnings(kValidText), Lines{}); }

TEST(ConfigWarnings, NameABackendThatNoRouteNames) {
  EXPECT_EQ(Warnings(ValidAnd("[[backend]]\nname = \"spare\"\nservers = [\"a:1\"]")),
            Lines{"t:16:8: warning: backend \"spare\" is unused: no route names it"});
}

TEST(ConfigWarnings, NameAListenerWithoutARoute) {
  EXPECT_EQ(Warnings(ValidAnd("[[listener]]\nname = \"inner\"\naddress = \"127.0.0.1:1\"")),
            Lines{"t:16:8: warning: listener \"inner\" has no route: every request there is "
                  "answered with 404"});
}

TEST(ConfigWarnings, NameAPathThatLooksLikeAPattern) {
  for (const std::string path :
       {"/rooms/:id", "/rooms/{id}", "/rooms/<id>", "/rooms/[0-9]", "/(a|b)", "/x$", "/^x"}) {
    std::string text(kValidText);
    text.replace(text.find("/echo"), 5, path);
    EXPECT_EQ(Warnings(text),
              Lines{"t:12:8: warning: path \"" + path +
                    "\" looks like a pattern and is compared letter by letter; all that is below "
                    "\"/x/\" is written \"/x/*\""});
  }
  for (const std::string path : {"/rooms/*", "/a:b", "/a+b", "/.well-known/x", "/@scope/~u"}) {
    std::string text(kValidText);
    text.replace(text.find("/echo"), 5, path);
    EXPECT_EQ(Warnings(text), Lines{}) << path;
  }
}

TEST(ConfigWarnings, SayThatThereIsNoInspectionSocketYet) {
  EXPECT_EQ(Warnings(ValidAnd("[gateway]\ncontrol_socket = \"/run/x\"")),
            Lines{"t:16:18: warning: control_socket: this version opens no inspection socket"});
}

TEST(ConfigWarnings, AreBounded) {
  std::string text(kValidText);
  for (int i = 0; i < 30; ++i) {
    text += "[[backend]]\nname = \"b" + std::to_string(i) + "\"\nservers = [\"a:1\"]\n";
  }
  const Lines lines = Warnings(text);
  ASSERT_EQ(lines.size(), 21U);
  EXPECT_NE(lines.back().find("from here on 10 more warnings, not shown"), std::string::npos)
      << lines.back();
}

TEST(ConfigPlaces, SayWhereTheMachineIsToBeAsked) {
  const auto parsed = ParseWithWarnings(
      ValidAnd("[[route]]\nname = \"s\"\nlistener = \"web\"\npath = \"/*\"\nmode = \"static\"\n"
               "root = \"/srv\"\n[[backend]]\nname = \"two\"\nservers = [\"a:1\",\n \"b:2\"]\n"
               "source = [\"192.0.2.1\"]"),
      "t");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->places.addresses, std::vector<Place>({{3, 11}}));
  ASSERT_EQ(parsed->places.roots.size(), 2U);
  EXPECT_EQ(parsed->places.roots[1], (Place{20, 8}));
  EXPECT_EQ(parsed->places.servers,
            (std::vector<std::vector<Place>>{{{7, 12}}, {{23, 12}, {24, 2}}}));
  EXPECT_EQ(parsed->places.sources, (std::vector<std::vector<Place>>{{}, {{25, 11}}}));
}

}  // namespace
}  // namespace ringway::config
