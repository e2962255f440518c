// SPDX-License-Identifier: Apache-2.0
//
// Routes of mode "static": every key, every default, and every reason to refuse one.
#include <gtest/gtest.h>

#include <optional>
#include <tuple>
#include <utility>

#include "gateway/config/summary.h"
#include "gateway/config/text.h"
#include "tests/unit/config/parse_text.h"

namespace ringway::config {
namespace {

using Lines = std::vector<std::string>;

/// Needs no [[backend]]. `more` begins in line 9, and still belongs to the route.
std::string SiteAnd(std::string_view more) {
  return Cat("[[listener]]\nname = \"web\"\naddress = \"127.0.0.1:80\"\n",
             "[[route]]\nname = \"site\"\nlistener = \"web\"\npath = \"/*\"\nmode = \"static\"\n",
             more);
}

std::string FilesAnd(std::string_view more) { return SiteAnd(Cat("root = \"/srv/www\"\n", more)); }

/// What the only route says; nullopt if the text is not valid.
std::optional<StaticFiles> FilesOf(std::string_view text) {
  const auto config = ParseOrNull(text);
  return config ? std::optional(config->routes[0].files) : std::nullopt;
}

TEST(StaticFiles, ReadsEveryKey) {
  const auto config =
      ParseOrNull(FilesAnd("index = \"home.htm\"\nfallback = \"app/index.html\"\n"
                           "cache_control = \"public, max-age=60\"\nprecompressed = true\n"
                           "host = \"h.example\"\nsessions_max = 9\n"));
  ASSERT_TRUE(config);
  const Route& route = config->routes[0];
  EXPECT_EQ(route.mode, Mode::kStatic);
  EXPECT_EQ(route.files.root, "/srv/www");
  EXPECT_EQ(route.files.index, "home.htm");
  EXPECT_EQ(route.files.fallback, "app/index.html");
  EXPECT_EQ(route.files.cache_control, "public, max-age=60");
  EXPECT_TRUE(route.files.precompressed);
  EXPECT_EQ(route.host, "h.example");
  EXPECT_EQ(route.sessions_max, 9U);
  EXPECT_EQ(route.backend_index, 0U);
  EXPECT_TRUE(config->backends.empty());
}

TEST(StaticFiles, FillsDefaults) {
  const auto files = FilesOf(FilesAnd(""));
  ASSERT_TRUE(files);
  EXPECT_EQ(files->index, "index.html");
  EXPECT_EQ(files->fallback, "");
  EXPECT_EQ(files->cache_control, "");
  EXPECT_FALSE(files->precompressed);
  const auto written = FilesOf(FilesAnd("precompressed = false"));
  ASSERT_TRUE(written);
  EXPECT_FALSE(written->precompressed);
}

TEST(StaticFiles, StandsBesideRoutesWithBackends) {
  const auto config =
      ParseOrNull(ValidAnd("[[route]]\nname = \"site\"\nlistener = \"web\"\npath = \"/*\"\n"
                           "mode = \"static\"\nroot = \"/srv/www\"\n"));
  ASSERT_TRUE(config);
  EXPECT_EQ(config->routes[0].mode, Mode::kTcp);
  EXPECT_EQ(config->routes[0].files.root, "");
  EXPECT_EQ(config->routes[1].mode, Mode::kStatic);
  EXPECT_EQ(config->backends.size(), 1U);
}

TEST(StaticFiles, KeepsARootWithoutSlashesAtItsEnd) {
  const std::pair<std::string_view, std::string_view> roots[] = {
      {"/", "/"},    {"//", "/"},    {"/a", "/a"},
      {"/a/", "/a"}, {"/a//", "/a"}, {"/a b/\xC3\xA9", "/a b/\xC3\xA9"}};
  for (const auto& [written, kept] : roots) {
    const auto files = FilesOf(SiteAnd(Cat("root = \"", written, "\"")));
    ASSERT_TRUE(files) << written;
    EXPECT_EQ(files->root, kept);
  }
}

TEST(StaticFiles, TakesTheLongestOfEach) {
  const std::string name(255, 'n');
  std::string path = name;
  while (path.size() + 1 + name.size() <= 4095) path += Cat("/", name);
  const auto files = FilesOf(
      SiteAnd(Cat("root = \"/", std::string(4094, 'r'), "\"\nindex = \"", name, "\"\nfallback = \"",
                  path, "\"\ncache_control = \"", std::string(128, 'c'), "\"\n")));
  ASSERT_TRUE(files);
  EXPECT_EQ(files->root.size(), 4095U);
  EXPECT_EQ(files->index, name);
  EXPECT_EQ(files->fallback, path);
  EXPECT_EQ(files->cache_control.size(), 128U);
}

TEST(StaticFiles, NeedsARoot) {
  const std::string expected = R"(expected the absolute path of a folder, such as "/srv/www")";
  EXPECT_EQ(Complain(SiteAnd("")),
            Lines{Cat(R"(t:4:1: missing key "root" in [[route]]; )", expected)});
  EXPECT_EQ(Complain(SiteAnd("root = 1")),
            Lines{Cat(R"(t:9:8: wrong type for "root": an integer; )", expected)});
  const std::pair<std::string_view, std::string_view> roots[] = {
      {"", R"(a root begins with "/")"},
      {"www", R"(a root begins with "/")"},
      {"./www", R"(a root begins with "/")"},
      {"~/www", R"(a root begins with "/")"},
  };
  for (const auto& [root, mistake] : roots) {
    EXPECT_EQ(Complain(SiteAnd(Cat("root = \"", root, "\""))),
              Lines{Cat("t:9:8: root is \"", root, "\"; ", expected, "; ", mistake)});
  }
  EXPECT_EQ(Complain(SiteAnd("root = \"/a\\u0000b\"")),
            Lines{Cat(R"(t:9:8: root is "/a\x00b"; )", expected, "; a path holds no NUL")});
  const Lines lines = Complain(SiteAnd(Cat("root = \"/", std::string(4095, 'r'), "\"")));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(lines[0].ends_with(Cat(expected, "; a path has at most 4095 bytes"))) << lines[0];
}

TEST(StaticFiles, TakesOneFileNameForAnIndex) {
  const std::string expected = R"(expected a file name such as "index.html"; )";
  const std::pair<std::string_view, std::string_view> names[] = {
      {"", "a name is not empty"},
      {".", R"(what begins with "." is never served)"},
      {"..", R"(what begins with "." is never served)"},
      {".index", R"(what begins with "." is never served)"},
      {"a/b", R"(a name has no "/")"},
      {"/", R"(a name has no "/")"},
      {"a/", R"(a name has no "/")"},
  };
  for (const auto& [name, mistake] : names) {
    EXPECT_EQ(Complain(FilesAnd(Cat("index = \"", name, "\""))),
              Lines{Cat("t:10:9: index is \"", name, "\"; ", expected, mistake)});
  }
  EXPECT_EQ(Complain(FilesAnd("index = \"a\\u0000\"")),
            Lines{Cat(R"(t:10:9: index is "a\x00"; )", expected, "a path holds no NUL")});
  const Lines lines = Complain(FilesAnd(Cat("index = \"", std::string(256, 'n'), "\"")));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(lines[0].ends_with(Cat(expected, "a name has at most 255 bytes"))) << lines[0];
}

TEST(StaticFiles, TakesAPathBelowTheRootForAFallback) {
  const std::string expected =
      R"(expected the path of a file below the root, such as "index.html"; )";
  const std::pair<std::string_view, std::string_view> paths[] = {
      {"", "a name is not empty"},
      {"/index.html", R"(it begins at the root, leave the first "/" out)"},
      {"a//b", "a name is not empty"},
      {"a/", "a name is not empty"},
      {"./a", R"(what begins with "." is never served)"},
      {"a/../b", R"(what begins with "." is never served)"},
      {"a/.b", R"(what begins with "." is never served)"},
  };
  for (const auto& [path, mistake] : paths) {
    EXPECT_EQ(Complain(FilesAnd(Cat("fallback = \"", path, "\""))),
              Lines{Cat("t:10:12: fallback is \"", path, "\"; ", expected, mistake)});
  }
  EXPECT_EQ(Complain(FilesAnd("fallback = \"a/\\u0000\"")),
            Lines{Cat(R"(t:10:12: fallback is "a/\x00"; )", expected, "a path holds no NUL")});
  const std::pair<std::string, std::string_view> long_paths[] = {
      {Cat("a/", std::string(256, 'n')), "a name has at most 255 bytes"},
      {std::string(4096, 'n'), "a path has at most 4095 bytes"},
  };
  for (const auto& [path, mistake] : long_paths) {
    const Lines lines = Complain(FilesAnd(Cat("fallback = \"", path, "\"")));
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_TRUE(lines[0].ends_with(Cat(expected, mistake))) << lines[0];
  }
}

TEST(StaticFiles, TakesOneLineOfVisibleCharactersForCacheControl) {
  const std::string expected =
      R"(expected 1 to 128 visible characters of ASCII, such as "public, max-age=3600"; )";
  const std::tuple<std::string_view, std::string_view, std::string_view> texts[] = {
      {"", "", "leave it out for none"},
      {" no-cache", " no-cache", "spaces stand only between others"},
      {"no-cache ", "no-cache ", "spaces stand only between others"},
      {"a\\r\\nX: 1", R"(a\x0d\x0aX: 1)", "it holds another character"},
      {"a\\tb", R"(a\x09b)", "it holds another character"},
      {"a\\u007f", R"(a\x7f)", "it holds another character"},
      {"\xC3\xA9", R"(\xc3\xa9)", "it holds another character"},
  };
  for (const auto& [written, shown, mistake] : texts) {
    EXPECT_EQ(Complain(FilesAnd(Cat("cache_control = \"", written, "\""))),
              Lines{Cat("t:10:17: cache_control is \"", shown, "\"; ", expected, mistake)});
  }
  const Lines lines = Complain(FilesAnd(Cat("cache_control = \"", std::string(129, 'c'), "\"")));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(lines[0].ends_with(Cat(expected, "it is longer"))) << lines[0];
}

TEST(StaticFiles, TakesTrueOrFalseForPrecompressed) {
  EXPECT_EQ(Complain(FilesAnd("precompressed = \"true\"")),
            Lines{R"(t:10:17: wrong type for "precompressed": a string; expected true or false, )"
                  R"(without quotes)"});
  EXPECT_EQ(Complain(FilesAnd("precompressed = 1")),
            Lines{R"(t:10:17: wrong type for "precompressed": an integer; expected true or )"
                  R"(false, without quotes)"});
}

TEST(StaticFiles, RefusesTheKeysOfTheOtherModes) {
  const std::pair<std::string_view, std::string_view> keys[] = {
      {"backend = \"echo\"", R"(t:10:11: "backend" is for modes "tcp" and "websocket")"},
      {"splice = \"off\"", R"(t:10:10: "splice" is for modes "tcp" and "websocket")"},
      {"origins = [\"*\"]", R"(t:10:11: "origins" is for modes "tcp" and "websocket")"},
      {"frames = \"text\"", R"(t:10:10: "frames" is for mode "tcp")"},
      {"subprotocols = [\"p\"]", R"(t:10:16: "subprotocols" is for mode "tcp")"},
      {"inspect = \"off\"", R"(t:10:11: "inspect" is for mode "websocket")"},
      {"backend_host = \"a\"", R"(t:10:16: "backend_host" is for mode "websocket")"},
  };
  for (const auto& [key, line] : keys) {
    EXPECT_EQ(Complain(FilesAnd(key)),
              Lines{Cat(line, "; expected it left out, this route answers with files")});
  }
}

TEST(StaticFiles, KeepsItsKeysForItself) {
  const std::pair<std::string_view, std::string_view> keys[] = {
      {"root = \"/srv\"", R"(t:21:8: "root")"},
      {"index = \"i\"", R"(t:21:9: "index")"},
      {"fallback = \"f\"", R"(t:21:12: "fallback")"},
      {"cache_control = \"no-cache\"", R"(t:21:17: "cache_control")"},
      {"precompressed = true", R"(t:21:17: "precompressed")"},
  };
  for (const std::string_view mode : {"tcp", "websocket"}) {
    for (const auto& [key, where] : keys) {
      EXPECT_EQ(
          Complain(ValidAnd(Cat("[[route]]\nname = \"s\"\nlistener = \"web\"\npath = \"/s\"\n",
                                "backend = \"echo\"\nmode = \"", mode, "\"\n", key))),
          Lines{Cat(where, " is for mode \"static\"; expected it left out, this route answers ",
                    "with no files")});
    }
  }
}

TEST(StaticFiles, RequiresNeitherRootNorBackendBesideAnUnknownMode) {
  constexpr std::string_view kRoute =
      "[[route]]\nname = \"s\"\nlistener = \"web\"\npath = \"/s\"\nmode = \"statik\"\n";
  const Lines expected = {
      R"(t:19:8: unknown mode "statik"; expected one of "tcp", "websocket", "static"; did you )"
      R"(mean "static"?)"};
  EXPECT_EQ(Complain(ValidAnd(kRoute)), expected);
  EXPECT_EQ(Complain(ValidAnd(Cat(kRoute, "root = \"/srv\"\n"))), expected);
  EXPECT_EQ(Complain(ValidAnd(Cat(kRoute, "backend = \"echo\"\n"))), expected);
}

TEST(StaticFiles, AreToldInTheSummary) {
  const auto config = ParseOrNull(
      Cat(FilesAnd("host = \"h.example\"\n"), "[[route]]\nname = \"application\"\n",
          "listener = \"web\"\npath = \"/app/*\"\nmode = \"static\"\nroot = \"/srv/app/\"\n",
          "index = \"app.html\"\nfallback = \"app.html\"\ncache_control = \"no-cache\"\n",
          "precompressed = true\nsessions_max = 5\n"));
  ASSERT_TRUE(config);
  EXPECT_EQ(Summary(*config), R"(gateway
  workers auto (one for each processor), log level info, control socket none
listeners
  web  127.0.0.1:80
routes
  site         web, host h.example, path /* -> static, root /srv/www, index index.html
               fallback: none (404)
  application  web, host any, path /app/* -> static, root /srv/app, index app.html
               fallback: app.html
               cache control: no-cache
               precompressed: .br, .gz
               sessions: at most 5
limits
  all at their defaults
)");
}

}  // namespace
}  // namespace ringway::config
