// SPDX-License-Identifier: Apache-2.0
//
// What somebody reads who writes TOML for the first time.
#include "gateway/config/mistake.h"

#include <gtest/gtest.h>

#include "tests/unit/config/parse_text.h"

namespace ringway::config {
namespace {

using Lines = std::vector<std::string>;

struct Case {
  std::string_view line;  ///< behind kValidText: line 15
  std::string_view complaint;
};

TEST(ConfigMistakes, NameATextWithoutQuotes) {
  constexpr Case kCases[] = {
      {"mode = tcp", R"(t:15:8: not TOML: a text without quotes; expected "tcp")"},
      {"mode = tcp # here", R"(t:15:8: not TOML: a text without quotes; expected "tcp")"},
      {"root=/srv/www  ", R"(t:15:6: not TOML: a text without quotes; expected "/srv/www")"},
      {"address = 127.0.0.1:8080",
       R"(t:15:11: not TOML: a text without quotes; expected "127.0.0.1:8080")"},
      {"address = [::1]:8080", R"(t:15:12: not TOML: a text without quotes; expected "::1")"},
      {"idle_timeout = 10m", R"(t:15:16: not TOML: a text without quotes; expected "10m")"},
      {"window = 64KiB", R"(t:15:10: not TOML: a text without quotes; expected "64KiB")"},
      {"servers = [\"a:1\", b:2]", R"(t:15:19: not TOML: a text without quotes; expected "b:2")"},
      {"servers = [a:1, \"b:2\"]", R"(t:15:12: not TOML: a text without quotes; expected "a:1")"},
      {"precompressed = yes", R"(t:15:17: not TOML: a text without quotes; expected "yes")"},
      {"mode = t\x01", R"(t:15:8: not TOML: a text without quotes; expected "t\x01")"},
  };
  for (const Case& each : kCases) {
    EXPECT_EQ(Complain(ValidAnd(each.line)), Lines{std::string(each.complaint)}) << each.line;
  }
}

TEST(ConfigMistakes, NameAStringThatIsNotClosed) {
  const std::string double_quote =
      R"(not TOML: a string without its closing quote; expected " at its end, in the same line)";
  const std::string single_quote =
      R"(not TOML: a string without its closing quote; expected ' at its end, in the same line)";
  const std::pair<std::string, std::string> cases[] = {
      {"mode = \"tcp", "t:15:8: " + double_quote},
      {"mode = \"tcp\nname = \"x\"", "t:15:8: " + double_quote},
      {"mode = \"tcp\\\"", "t:15:8: " + double_quote},
      {"mode = 'tcp", "t:15:8: " + single_quote},
      {"servers = [\"a:1\", \"b:2]", "t:15:19: " + double_quote},
      {"host = \"gr\xC3\xBC\xC3\x9F", "t:15:8: " + double_quote},
      {"hosts = [\"\xC3\xBC\", \"x", "t:15:15: " + double_quote},
  };
  for (const auto& [line, complaint] : cases) {
    EXPECT_EQ(Complain(ValidAnd(line)), Lines{complaint}) << line;
  }
}

TEST(ConfigMistakes, NameAStringOnSeveralLinesThatIsNotClosed) {
  const std::string what = "not TOML: a string that does not end; expected its three quotes again";
  EXPECT_EQ(Complain(ValidAnd("note = \"\"\"tcp\nbackend = \"x\"\n")), Lines{"t:15:8: " + what});
  EXPECT_EQ(Complain(ValidAnd("note = '''tcp\n\n")), Lines{"t:15:8: " + what});
}

TEST(ConfigMistakes, AreNotFoundWhereThereAreNone) {
  for (const std::string_view line :
       {"", "[x", "mode", "mode =", "a = true", "a = -1_000", "a = 0xFF", "a = 1.5e3",
        "a = 1979-05-27T07:32:00Z", "a = [1, 2", "a = \"b\" # c = d", "\"a = b", "# a = b",
        "a = \"\"\"b"}) {
    EXPECT_FALSE(FindMistake(line)) << line;
  }
}

TEST(ConfigMistakes, ThatNobodyNamesKeepTheWordsOfTheLibrary) {
  const Lines lines = Complain(ValidAnd("mode ="));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(lines[0].starts_with("t:15:")) << lines[0];
  EXPECT_NE(lines[0].find("not TOML: "), std::string::npos) << lines[0];
}

TEST(ConfigMistakes, SayThatATextIsUtf16) {
  const Lines expected{
      "t:1:1: the text is UTF-16; expected UTF-8: have the editor save it as UTF-8"};
  using std::string_literals::operator""s;
  for (const std::string& text : {"\xFF\xFE[\0"s, "\xFE\xFF\0["s, "[\0g\0"s, "\0[\0g"s}) {
    EXPECT_EQ(Complain(text), expected);
  }
  EXPECT_NE(Complain("\0\0"s), expected) << "no text at all";
}

TEST(ConfigMistakes, SayWhatIsNotAvailableYet) {
  const std::string proxy =
      ": TLS is not available yet; let a proxy such as HAProxy, Caddy or nginx stand in front for "
      "it, and name its address in a listener's trusted_proxies";
  EXPECT_EQ(Complain(ValidAnd("[[listener]]\nname = \"s\"\naddress = \"127.0.0.1:1\"\n"
                              "tls = true\ncert = \"x.pem\"")),
            (Lines{"t:18:1: key \"tls\" in [[listener]]" + proxy,
                   "t:19:1: key \"cert\" in [[listener]]" + proxy}));
  EXPECT_EQ(Complain(ValidAnd("[tls]")), Lines{"t:15:2: key \"tls\" in the configuration" + proxy});
  EXPECT_EQ(Complain(ValidAnd("[[backend]]\nname = \"s\"\nservers = [\"a:1\"]\ntls = true")),
            Lines{"t:18:1: key \"tls\" in [[backend]]: TLS is not available yet; connections to "
                  "servers are plain TCP: let stunnel or the like take them to a server that wants "
                  "TLS"});
  std::string text(kValidText);
  text.replace(text.find("\"tcp\""), 5, "\"http\"");
  EXPECT_EQ(
      Complain(text),
      Lines{"t:13:8: mode \"http\" is not available yet; expected \"tcp\" or \"websocket\" for "
            "WebSockets, or \"static\" for files: let a reverse proxy in front take other "
            "requests elsewhere"});
}

}  // namespace
}  // namespace ringway::config
