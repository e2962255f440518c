// SPDX-License-Identifier: Apache-2.0
//
// One normal form for every path, and what others make of the forms that they read differently.
#include "gateway/http/path.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

#include "gateway/http/path_refusals.h"

namespace ringway::http {
namespace {

std::string Normal(std::string_view path) {
  std::array<char, 8192> out;
  std::string_view normal;
  const Refusal* const why = NormalizePath(path, out, &normal);
  return why == nullptr ? std::string(normal) : std::string(why->reason);
}

std::string ReadAs(PathReading reading, std::string_view path) {
  std::array<char, 8192> out;
  return std::string(ReadPathAs(reading, path, out));
}

struct NormalCase {
  const char* sent;
  const char* normal;
};

TEST(Path, HasItsUnreservedBytesDecodedAndNothingElse) {
  for (const NormalCase& one : {
           NormalCase{"/", "/"},
           NormalCase{"/a", "/a"},
           NormalCase{"/%70rivate/x", "/private/x"},
           NormalCase{"/%61%5A%30%2d%2E%5f%7e", "/aZ0-._~"},
           NormalCase{"/a%20b%2fc%2Fd%3b%25%41", "/a%20b%2fc%2Fd%3b%25A"},
           NormalCase{"/%252e%252e/x", "/%252e%252e/x"},
           NormalCase{"/%C3%a4", "/%C3%a4"},
           NormalCase{"/a;b=c/d", "/a;b=c/d"},
           NormalCase{"/Admin", "/Admin"},
       }) {
    EXPECT_EQ(Normal(one.sent), one.normal) << one.sent;
  }
}

TEST(Path, HasNoDotSegments) {
  for (const NormalCase& one : {
           NormalCase{"/.", "/"},
           NormalCase{"/..", "/"},
           NormalCase{"/./admin/x", "/admin/x"},
           NormalCase{"/x/../admin/x", "/admin/x"},
           NormalCase{"/x/%2e%2E/admin", "/admin"},
           NormalCase{"/x/%2e/admin", "/x/admin"},
           NormalCase{"/a/b/.", "/a/b/"},
           NormalCase{"/a/b/..", "/a/"},
           NormalCase{"/a/../../../b", "/b"},
           NormalCase{"/a//../b", "/a/b"},
           NormalCase{"//", "//"},
           NormalCase{"//..", "/"},
           NormalCase{"/...", "/..."},
           NormalCase{"/.a/..b/c.", "/.a/..b/c."},
           NormalCase{"/a/./b/../c/./d", "/a/c/d"},
       }) {
    EXPECT_EQ(Normal(one.sent), one.normal) << one.sent;
  }
}

TEST(Path, IsRefusedWhereItHasNoMeaning) {
  for (const char* path : {"/%", "/a%", "/%4", "/%4g", "/%g4", "/a%%41", "/%2%35"})
    EXPECT_EQ(Normal(path), kPathEscapeMalformed.reason) << path;
  for (const char* path : {"/%00", "/a/%00.txt"}) EXPECT_EQ(Normal(path), kPathNul.reason) << path;
  for (const char* path : {"/\\", "/a\\..\\b"})
    EXPECT_EQ(Normal(path), kPathBackslash.reason) << path;
}

struct FormCase {
  const char* path;
  PathForm form;
};

TEST(Path, IsLookedAtOnceWhereItIsOrdinary) {
  for (const FormCase& one : {
           FormCase{"/", PathForm::kNormal},
           FormCase{"/a/b.c/d-e_f~g:h@i", PathForm::kNormal},
           FormCase{"/a.b", PathForm::kNormal},
           FormCase{"/.a", PathForm::kUnusual},
           FormCase{"/a/..", PathForm::kUnusual},
           FormCase{"/%20", PathForm::kUnusual},
           FormCase{"/%", PathForm::kUnusual},
           FormCase{"/\\", PathForm::kUnusual},
           FormCase{"/100%25", PathForm::kUnusual},
           FormCase{"/100%25-x", PathForm::kUnusual},
           FormCase{"/100%2541", PathForm::kAmbiguous},
           FormCase{"//", PathForm::kAmbiguous},
           FormCase{"/a%2Fb", PathForm::kAmbiguous},
           FormCase{"/a%2fb", PathForm::kAmbiguous},
           FormCase{"/a%5cb", PathForm::kAmbiguous},
           FormCase{"/a;b", PathForm::kAmbiguous},
           FormCase{"/a%3Bb", PathForm::kAmbiguous},
           FormCase{"/a%40b", PathForm::kAmbiguous},
           FormCase{"/100%25%34%31", PathForm::kAmbiguous},
           FormCase{"/100%254%31", PathForm::kAmbiguous},
           FormCase{"/100%25%2d1", PathForm::kUnusual},
       }) {
    EXPECT_EQ(FormOf(one.path), one.form) << one.path;
  }
}

struct ReadingCase {
  PathReading reading;
  const char* sent;
  const char* read;
};

TEST(Path, IsReadDifferentlyByOthers) {
  using enum PathReading;
  for (const ReadingCase& one : {
           ReadingCase{kSlashesMerged, "//admin///x", "/admin/x"},
           ReadingCase{kSlashesMerged, "/a//../admin", "/admin"},
           ReadingCase{kSlashesMerged, "/a%2f/b;c", "/a%2f/b;c"},
           ReadingCase{kEncodedSlashes, "/a%2fb%2F/c", "/a/b/c"},
           ReadingCase{kEncodedSlashes, "/a%2f..%2fadmin", "/admin"},
           ReadingCase{kEncodedSlashes, "/a;b", "/a;b"},
           ReadingCase{kParametersStripped, "/a;x=1/b;y", "/a/b"},
           ReadingCase{kParametersStripped, "/x/..;/admin", "/admin"},
           ReadingCase{kParametersStripped, "/;/admin", "/admin"},
           ReadingCase{kBackslashes, "/x%5c..%5Cadmin", "/admin"},
           ReadingCase{kBackslashes, "/a;b", "/a;b"},
           ReadingCase{kEverythingTwice, "/%2561dmin", "/admin"},
           ReadingCase{kEverythingTwice, "/x/%252e%252e/admin", "/admin"},
           ReadingCase{kEverythingTwice, "/x%252fadmin%255c", "/x/admin/"},
           ReadingCase{kEverythingTwice, "/admin%3bx", "/admin"},
           ReadingCase{kEverythingTwice, "/100%25-x", "/100%-x"},
       }) {
    EXPECT_EQ(ReadAs(one.reading, one.sent), one.read) << one.sent;
  }
}

TEST(Path, NamesTheFormThatIsReadDifferently) {
  EXPECT_EQ(RefusalOf(PathReading::kSlashesMerged, "//"), kPathEmptySegment);
  EXPECT_EQ(RefusalOf(PathReading::kEncodedSlashes, "/%2f"), kPathEncodedSlash);
  EXPECT_EQ(RefusalOf(PathReading::kParametersStripped, "/;"), kPathParameters);
  EXPECT_EQ(RefusalOf(PathReading::kBackslashes, "/%5c"), kPathEncodedBackslash);
  EXPECT_EQ(RefusalOf(PathReading::kEverythingTwice, "/%2541"), kPathEncodedTwice);
  EXPECT_EQ(RefusalOf(PathReading::kEverythingTwice, "/%3b"), kPathEncodedParameters);
  EXPECT_EQ(RefusalOf(PathReading::kEverythingTwice, "/%40"), kPathEncodedReserved);
}

}  // namespace
}  // namespace ringway::http
