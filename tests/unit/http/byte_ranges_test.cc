// SPDX-License-Identifier: Apache-2.0
//
// What a Range field asks for: RFC 9110 14.1.2 and 14.2, rule by rule.
#include "gateway/http/byte_ranges.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace ringway::http {
namespace {

constexpr uint64_t kFileBytes = 10000;

/// "first+bytes" of each, "none", or "unsatisfiable".
std::string Resolve(std::string_view value, uint64_t file_bytes = kFileBytes) {
  // Of its own size, so that a look beyond the end is seen by the sanitizer.
  const std::string exact(value);
  ByteRanges resolved;
  switch (ResolveByteRanges({exact, 1}, file_bytes, &resolved)) {
    case RangeResult::kNone:
      return "none";
    case RangeResult::kUnsatisfiable:
      return "unsatisfiable";
    case RangeResult::kSatisfiable:
      break;
  }
  std::string text;
  for (const ByteRange& range : resolved.Kept()) {
    if (!text.empty()) text.append(" ");
    text.append(std::to_string(range.first)).append("+").append(std::to_string(range.bytes));
  }
  return text;
}

struct RangeCase {
  const char* value;
  const char* expected;
};

void Expect(const std::vector<RangeCase>& cases, uint64_t file_bytes = kFileBytes) {
  for (const RangeCase& one : cases) {
    EXPECT_EQ(Resolve(one.value, file_bytes), one.expected) << one.value << " of " << file_bytes;
  }
}

TEST(ByteRanges, AreThoseOfTheStandardsExamples) {
  Expect({{"bytes=0-499", "0+500"},
          {"bytes=500-999", "500+500"},
          {"bytes=-500", "9500+500"},
          {"bytes=9500-", "9500+500"},
          {"bytes=0-0,-1", "0+1 9999+1"},
          {"bytes= 0-999, 4500-5499, -1000", "0+1000 4500+1000 9000+1000"},
          {"bytes=500-600,601-999", "500+101 601+399"},
          {"bytes=500-700,601-999", "500+201 601+399"}});
}

TEST(ByteRanges, EndWithTheFile) {
  Expect({{"bytes=0-", "0+10000"},
          {"bytes=0-9999", "0+10000"},
          {"bytes=0-10000", "0+10000"},
          {"bytes=9999-", "9999+1"},
          {"bytes=9999-20000", "9999+1"},
          {"bytes=5-5", "5+1"}});
}

TEST(ByteRanges, MayBeASuffixLongerThanTheFile) {
  Expect({{"bytes=-1", "9999+1"},
          {"bytes=-10000", "0+10000"},
          {"bytes=-10001", "0+10000"},
          {"bytes=-99999999999999999999999999", "0+10000"}});
}

TEST(ByteRanges, AreUnsatisfiableWhereAllLieBeyondTheEnd) {
  Expect({{"bytes=10000-", "unsatisfiable"},
          {"bytes=10000-10001", "unsatisfiable"},
          {"bytes=-0", "unsatisfiable"},
          {"bytes=-000", "unsatisfiable"},
          {"bytes=10000-, -0, 20000-30000", "unsatisfiable"}});
}

TEST(ByteRanges, LeaveOutThoseThatLieBeyondTheEnd) {
  Expect({{"bytes=10000-,5-6", "5+2"}, {"bytes=1-2, 10000-10001, 3-4, -0", "1+2 3+2"}});
}

TEST(ByteRanges, OfAnEmptyFile) {
  Expect({{"bytes=0-", "unsatisfiable"},
          {"bytes=0-0", "unsatisfiable"},
          {"bytes=1-", "unsatisfiable"},
          {"bytes=-0", "unsatisfiable"},
          {"bytes=-1", "none"},
          {"bytes=0-,-5", "none"},
          {"bytes=1-0", "none"}},
         0);
}

TEST(ByteRanges, OfOneByte) {
  Expect({{"bytes=0-", "0+1"},
          {"bytes=-1", "0+1"},
          {"bytes=-2", "0+1"},
          {"bytes=1-", "unsatisfiable"}},
         1);
}

TEST(ByteRanges, AreThereOnlyWithOneField) {
  ByteRanges resolved;
  EXPECT_EQ(ResolveByteRanges({}, kFileBytes, &resolved), RangeResult::kNone);
  EXPECT_EQ(ResolveByteRanges({"bytes=0-1", 2}, kFileBytes, &resolved), RangeResult::kNone);
  EXPECT_EQ(ResolveByteRanges({"bytes=20000-", 2}, kFileBytes, &resolved), RangeResult::kNone);
  EXPECT_EQ(resolved.count, 0U);
}

TEST(ByteRanges, HaveAUnitWithoutCaseAndNoOther) {
  Expect({{"Bytes=0-1", "0+2"},
          {"BYTES=0-1", "0+2"},
          {"seconds=0-1", "none"},
          {"byte=0-1", "none"},
          {"bytess=0-1", "none"},
          {"=0-1", "none"},
          {"0-1", "none"},
          {"bytes", "none"},
          {"bytes 0-1", "none"},
          {"bytes =0-1", "none"},
          {"bytes:0-1", "none"},
          {"", "none"}});
}

TEST(ByteRanges, AreNoneWhereOneIsMalformed) {
  for (const char* value :
       {"bytes=",        "bytes=,",       "bytes= , ,",         "bytes=-",
        "bytes=--1",     "bytes=1",       "bytes=a-b",          "bytes=0-b",
        "bytes=a-",      "bytes=-a",      "bytes=0-1-2",        "bytes=0--1",
        "bytes=+0-1",    "bytes=0-+1",    "bytes=0 -1",         "bytes=0- 1",
        "bytes=- 1",     "bytes=0x0-1",   "bytes=1-0",          "bytes=9-8",
        "bytes=0-1;2-3", "bytes=0-1 2-3", "bytes=0.5-1",        "bytes=0-1/10000",
        "bytes=*",       "bytes=\"0-1\"", "bytes=0-1,bytes=2-3"})
    EXPECT_EQ(Resolve(value), "none") << value;
  for (const char* value : {"bytes=0-1,x", "bytes=x,0-1", "bytes=0-1,2-1", "bytes=20000-,x"})
    EXPECT_EQ(Resolve(value), "none") << value;
}

TEST(ByteRanges, PassOverEmptyElements) {
  Expect({{"bytes=,0-1", "0+2"}, {"bytes=0-1,", "0+2"}, {"bytes=0-1 ,\t, 4-5", "0+2 4+2"}});
}

TEST(ByteRanges, HaveNumbersOfAnyLength) {
  Expect({{"bytes=9223372036854775807-", "unsatisfiable"},
          {"bytes=9223372036854775808-", "unsatisfiable"},
          {"bytes=18446744073709551615-", "unsatisfiable"},
          {"bytes=18446744073709551616-", "unsatisfiable"},
          {"bytes=0-18446744073709551615", "0+10000"},
          {"bytes=0-18446744073709551616", "0+10000"},
          {"bytes=1-184467440737095516160000", "1+9999"},
          {"bytes=99999999999999999999-9", "none"},
          {"bytes=000000000000000000000000000000000001-0002", "1+2"},
          {"bytes=-18446744073709551616", "0+10000"}});
}

TEST(ByteRanges, ReachTheEndOfTheLargestFile) {
  constexpr uint64_t kLargest = std::numeric_limits<int64_t>::max();
  Expect({{"bytes=0-", "0+9223372036854775807"},
          {"bytes=-1", "9223372036854775806+1"},
          {"bytes=9223372036854775806-", "9223372036854775806+1"},
          {"bytes=9223372036854775806-9223372036854775807,0-0", "9223372036854775806+1 0+1"},
          {"bytes=9223372036854775807-", "unsatisfiable"}},
         kLargest);
}

TEST(ByteRanges, AreAtMostSixteen) {
  std::string value = "bytes=0-0";
  std::string expected = "0+1";
  for (size_t at = 1; at < kByteRangesMax; ++at) {
    const std::string first = std::to_string(at * 10);
    value += "," + first + "-" + first;
    expected += " " + first + "+1";
  }
  EXPECT_EQ(Resolve(value), expected);
  EXPECT_EQ(Resolve(value + ",900-900"), "none");
  // Those that are left out count too.
  EXPECT_EQ(Resolve(value + ",20000-"), "none");
  EXPECT_EQ(Resolve(value + ",,"), expected);
}

TEST(ByteRanges, KeepTheOrderOfTheClient) {
  Expect({{"bytes=20-29,0-9,10-19", "20+10 0+10 10+10"}, {"bytes=-1,0-0", "9999+1 0+1"}});
}

TEST(ByteRanges, AreTheWholeFileWhereMoreThanTwoOverlap) {
  Expect({{"bytes=0-9,5-14", "0+10 5+10"},
          {"bytes=0-,0-", "0+10000 0+10000"},
          {"bytes=0-9,9-9,10-19", "0+10 9+1 10+10"},
          {"bytes=0-9,5-14,12-20", "none"},
          {"bytes=0-9,0-9,0-9", "none"},
          {"bytes=0-9,5-14,100-109,105-114", "none"},
          {"bytes=0-,-1,5-5", "none"},
          // What is left out overlaps nothing.
          {"bytes=0-9,5-14,10000-,10000-", "0+10 5+10"}});
}

}  // namespace
}  // namespace ringway::http
