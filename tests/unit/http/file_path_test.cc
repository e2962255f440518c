// SPDX-License-Identifier: Apache-2.0
//
// Which paths of requests name a file, and which one.
#include "gateway/http/file_path.h"

#include <gtest/gtest.h>

#include <array>
#include <ostream>
#include <string>

namespace ringway::http {

std::ostream& operator<<(std::ostream& out, FilePathResult result) {
  return out << static_cast<int>(result);
}

namespace {

/// What became of a path; of one that is not good only the result.
struct Decoded {
  FilePathResult result = FilePathResult::kGood;
  std::string relative;
  FilePathKind kind = FilePathKind::kFile;
};

Decoded Decode(std::string_view path, size_t room = kFilePathBytesMax) {
  // Of its own size, so that a look beyond the end is seen by the sanitizer.
  const std::string exact(path);
  std::string out(room, '?');
  FilePath file_path;
  const FilePathResult result = DecodeFilePath(exact, out, &file_path);
  if (result != FilePathResult::kGood) return {.result = result, .relative = {}};
  return {result, std::string(file_path.relative), file_path.kind};
}

void ExpectFile(std::string_view path, std::string_view relative) {
  const Decoded decoded = Decode(path);
  EXPECT_EQ(decoded.result, FilePathResult::kGood) << path;
  EXPECT_EQ(decoded.relative, relative) << path;
  EXPECT_EQ(decoded.kind, FilePathKind::kFile) << path;
}

void ExpectDirectory(std::string_view path, std::string_view relative) {
  const Decoded decoded = Decode(path);
  EXPECT_EQ(decoded.result, FilePathResult::kGood) << path;
  EXPECT_EQ(decoded.relative, relative) << path;
  EXPECT_EQ(decoded.kind, FilePathKind::kDirectory) << path;
}

TEST(FilePath, IsThePathWithoutItsFirstSlash) {
  ExpectFile("/a", "a");
  ExpectFile("/index.html", "index.html");
  ExpectFile("/a/b/c.tar.gz", "a/b/c.tar.gz");
  ExpectFile("/a..b/c.", "a..b/c.");
  ExpectFile("/~!$&'()*+,;=:@-_", "~!$&'()*+,;=:@-_");
  ExpectFile("/back\\slash", "back\\slash");
}

TEST(FilePath, IsADirectoryBehindATrailingSlash) {
  ExpectDirectory("/", "");
  ExpectDirectory("/a/", "a");
  ExpectDirectory("/a/b%20c/", "a/b c");
}

TEST(FilePath, IsDecoded) {
  ExpectFile("/a%20b", "a b");
  ExpectFile("/%41%5a%5A", "AZZ");
  ExpectFile("/%C3%a4/%f0%9f%98%80", "\xc3\xa4/\xf0\x9f\x98\x80");
  ExpectFile("/%3f%23%25", "?#%");
  ExpectFile("/%ff%01%7f", "\xff\x01\x7f");
  ExpectFile("/a%2e%2e", "a..");
}

TEST(FilePath, IsDecodedOnlyOnce) {
  ExpectFile("/%252e%252e", "%2e%2e");
  ExpectFile("/%252f", "%2f");
  ExpectFile("/%2500", "%00");
}

TEST(FilePath, IsMalformedByABadEscapeWhereverItStands) {
  for (const char* path : {"/%", "/%2", "/%zz", "/%2z", "/%z2", "/%%41", "/a/%4", "/a%",
                           "/.git/%g0", "//%", "/../%0", "/%u0041", "/%+1", "/% 1", "%"})
    EXPECT_EQ(Decode(path).result, FilePathResult::kMalformed) << path;
}

TEST(FilePath, IsHiddenWhereItWouldClimb) {
  for (const char* path :
       {"/.", "/..", "/../etc/passwd", "/a/..", "/a/../b", "/a/./b", "/a/../", "/./", "/%2e",
        "/%2e%2e", "/%2E./b", "/.%2e/b", "/a/%2e%2e/b", "/..%5c", "/...", "/.."})
    EXPECT_EQ(Decode(path).result, FilePathResult::kHidden) << path;
}

TEST(FilePath, IsHiddenWhereAnEscapeWouldDivideOrEndIt) {
  for (const char* path : {"/a%2fb", "/%2f", "/%2F", "/%2fetc/passwd", "/a%2f", "/..%2f..", "/%00",
                           "/a%00.html", "/a/%00"})
    EXPECT_EQ(Decode(path).result, FilePathResult::kHidden) << path;
  EXPECT_EQ(Decode(std::string_view("/a\0b", 4)).result, FilePathResult::kHidden);
}

TEST(FilePath, IsHiddenForDotFiles) {
  for (const char* path : {"/.git/config", "/.htaccess", "/a/.env", "/%2eenv", "/.a/"})
    EXPECT_EQ(Decode(path).result, FilePathResult::kHidden) << path;
}

TEST(FilePath, IsHiddenWithAnEmptySegment) {
  for (const char* path : {"//", "//etc/passwd", "/a//b", "/a//", "///"})
    EXPECT_EQ(Decode(path).result, FilePathResult::kHidden) << path;
}

TEST(FilePath, IsHiddenWithoutASlashInFront) {
  for (const char* path : {"", "a", "a/b", "*", "..", "%2fa"})
    EXPECT_EQ(Decode(path).result, FilePathResult::kHidden) << path;
}

TEST(FilePath, HasSegmentsAsLongAsNamesMayBe) {
  const std::string longest(kFileNameBytesMax, 'a');
  ExpectFile("/" + longest + "/" + longest, longest + "/" + longest);
  EXPECT_EQ(Decode("/" + longest + "a").result, FilePathResult::kHidden);
  EXPECT_EQ(Decode("/b/" + longest + "a/").result, FilePathResult::kHidden);
  std::string escaped = "/";
  for (size_t at = 0; at < kFileNameBytesMax; ++at) escaped += "%61";
  ExpectFile(escaped, longest);
}

TEST(FilePath, IsHiddenWhereItDoesNotFit) {
  for (size_t room = 0; room < 6; ++room) {
    EXPECT_EQ(Decode("/ab/c%20d", room).result, FilePathResult::kHidden) << room;
  }
  EXPECT_EQ(Decode("/ab/c%20d", 6).relative, "ab/c d");
  EXPECT_EQ(Decode("/ab/c%20d/", 6).relative, "ab/c d");
  EXPECT_EQ(Decode("/", 0).result, FilePathResult::kGood);
}

TEST(FilePath, LeavesTheAnswerAloneWhereThereIsNone) {
  std::array<char, 8> out;
  FilePath file_path{.relative = "untouched"};
  EXPECT_EQ(DecodeFilePath("/.", out, &file_path), FilePathResult::kHidden);
  EXPECT_EQ(DecodeFilePath("/%", out, &file_path), FilePathResult::kMalformed);
  EXPECT_EQ(file_path.relative, "untouched");
}

}  // namespace
}  // namespace ringway::http
