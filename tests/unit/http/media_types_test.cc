// SPDX-License-Identifier: Apache-2.0
//
// Content types by the names of files.
#include "gateway/http/media_types.h"

#include <gtest/gtest.h>

#include <string>

namespace ringway::http {
namespace {

/// In the ways in which such files are written.
constexpr std::string_view kSystem =
    "# a comment\tpng\n"
    "\n"
    "application/without-extension\n"
    "text/html\t\t\t\thtml htm shtml\n"
    "application/gzip  gz # and a comment  zip\n"
    "image/png PNG\r\n"
    "application/x-JS js\n"
    "application/second gz\n"
    "  font/ttf ttf\n"
    "text/x-last last";

TEST(MediaTypes, AreThoseOfTheSystem) {
  const MediaTypes types(kSystem);
  EXPECT_EQ(types.ForPath("a.html"), "text/html; charset=utf-8");
  EXPECT_EQ(types.ForPath("a.htm"), "text/html; charset=utf-8");
  EXPECT_EQ(types.ForPath("a.png"), "image/png");
  EXPECT_EQ(types.ForPath("a.ttf"), "font/ttf");
  EXPECT_EQ(types.ForPath("a.last"), "text/x-last; charset=utf-8");
  EXPECT_EQ(types.ForPath("a.zip"), kUnknownMediaType);
}

TEST(MediaTypes, OfTheSystemComeBeforeThoseThatAreBuiltIn) {
  EXPECT_EQ(MediaTypes(kSystem).ForPath("a.js"), "application/x-JS");
  EXPECT_EQ(MediaTypes("").ForPath("a.js"), "text/javascript; charset=utf-8");
}

TEST(MediaTypes, AreTheFirstOfThoseThatComeTwice) {
  EXPECT_EQ(MediaTypes(kSystem).ForPath("a.gz"), "application/gzip");
}

TEST(MediaTypes, OfTheWebAreAlwaysThere) {
  const MediaTypes types("");
  EXPECT_EQ(types.Count(), 14U);
  EXPECT_EQ(types.ForPath("a.html"), "text/html; charset=utf-8");
  EXPECT_EQ(types.ForPath("a.css"), "text/css; charset=utf-8");
  EXPECT_EQ(types.ForPath("a.mjs"), "text/javascript; charset=utf-8");
  EXPECT_EQ(types.ForPath("a.txt"), "text/plain; charset=utf-8");
  EXPECT_EQ(types.ForPath("a.json"), "application/json");
  EXPECT_EQ(types.ForPath("a.map"), "application/json");
  EXPECT_EQ(types.ForPath("a.svg"), "image/svg+xml");
  EXPECT_EQ(types.ForPath("a.png"), "image/png");
  EXPECT_EQ(types.ForPath("a.jpg"), "image/jpeg");
  EXPECT_EQ(types.ForPath("a.webp"), "image/webp");
  EXPECT_EQ(types.ForPath("a.ico"), "image/vnd.microsoft.icon");
  EXPECT_EQ(types.ForPath("a.wasm"), "application/wasm");
  EXPECT_EQ(types.ForPath("a.woff2"), "font/woff2");
}

TEST(MediaTypes, GoByTheLastExtensionOfTheLastSegmentWithoutCase) {
  const MediaTypes types(kSystem);
  EXPECT_EQ(types.ForPath("A.HtMl"), "text/html; charset=utf-8");
  EXPECT_EQ(types.ForPath("a.html.gz"), "application/gzip");
  EXPECT_EQ(types.ForPath("a/b.c/d.png"), "image/png");
  EXPECT_EQ(types.ForPath(".png"), "image/png");
}

TEST(MediaTypes, AreUnknownWithoutAnExtensionThatIsKnown) {
  const MediaTypes types(kSystem);
  for (const char* path : {"", "a", "html", "a.", "a.html.", "a.html/b", "a.png/", "a.htmlx",
                           "a.htm l", "a.\xc3\xa4", "a.aaaa", "a.zzzz", "a.application/gzip"})
    EXPECT_EQ(types.ForPath(path), kUnknownMediaType) << path;
}

TEST(MediaTypes, PassOverLinesThatAreNone) {
  const MediaTypes types(
      "nonsense a1\n/ a2\ntext/ a3\n/plain a4\na/b/c a5\ntext/html; a6\n\xff/x a7\nx/y\n\r\n x/z "
      "ok");
  EXPECT_EQ(types.ForPath("a.ok"), "x/z");
  EXPECT_EQ(types.Count(), 15U);
}

TEST(MediaTypes, HaveBounds) {
  const std::string long_type = "text/" + std::string(kMediaTypeBytesMax - 5 - 15, 'x');
  const std::string extension(kExtensionBytesMax, 'e');
  const MediaTypes types(long_type + " " + extension + " " + extension + "e\n" + long_type +
                         "x y\n");
  EXPECT_EQ(types.ForPath("a." + extension).size(), kMediaTypeBytesMax);
  EXPECT_EQ(types.ForPath("a." + extension + "e"), kUnknownMediaType);
  EXPECT_EQ(types.ForPath("a.y"), kUnknownMediaType);

  std::string many = "x/y";
  for (size_t at = 0; at < kMediaTypesMax + 5; ++at) many += " n" + std::to_string(at);
  EXPECT_EQ(MediaTypes(many).Count(), kMediaTypesMax + 14);

  const std::string beyond(kMediaTypesTextBytesMax, '\n');
  EXPECT_EQ(MediaTypes(beyond + "x/y z").ForPath("a.z"), kUnknownMediaType);
}

}  // namespace
}  // namespace ringway::http
