// SPDX-License-Identifier: Apache-2.0
//
// Dates there and back, and against those of the C library.
#include "gateway/http/http_date.h"

#include <gtest/gtest.h>

#include <array>
#include <ctime>
#include <optional>
#include <string>

#include "tests/property/http/cuts.h"

namespace ringway::http {
namespace {

/// Behind the last second of 9999.
constexpr uint64_t kSecondsMax = 253402300800;

/// 0 to bound - 1.
int64_t SecondsBelow(uint64_t bound, Chance* chance) {
  const uint64_t high = chance->Below(1ULL << 32);
  return static_cast<int64_t>((high << 32 | chance->Below(1ULL << 32)) % bound);
}

std::string Format(const char* format, const std::tm& parts) {
  std::array<char, 64> out;
  return {out.data(), std::strftime(out.data(), out.size(), format, &parts)};
}

std::tm Parts(int64_t unix_s) {
  const std::time_t time = unix_s;
  std::tm parts{};
  EXPECT_NE(gmtime_r(&time, &parts), nullptr);
  return parts;
}

std::string Build(int64_t unix_s) {
  std::array<char, kHttpDateBytes> out;
  return {out.data(), BuildHttpDate(unix_s, out)};
}

void ExpectThereAndBack(int64_t unix_s) {
  const std::tm parts = Parts(unix_s);
  const std::string text = Build(unix_s);
  ASSERT_EQ(text, Format("%a, %d %b %Y %H:%M:%S GMT", parts));
  ASSERT_EQ(ParseHttpDate(text, 0), unix_s) << text;
  const std::string asctime = Format("%a %b %e %H:%M:%S %Y", parts);
  ASSERT_EQ(ParseHttpDate(asctime, 0), unix_s) << asctime;
}

TEST(HttpDate, ComesBackForEveryDayOfFourCenturies) {
  // After 400 years the calendar begins anew.
  constexpr int64_t kDays = 400 * 365 + 97;
  for (int64_t day = 0; day < kDays; ++day) ExpectThereAndBack(day * 86400 + day % 86400);
}

TEST(HttpDate, ComesBackForAnySecondFrom1970To9999) {
  for (uint32_t seed = 0; seed < 50000; ++seed) {
    Chance chance(seed);
    ExpectThereAndBack(SecondsBelow(kSecondsMax, &chance));
  }
  ExpectThereAndBack(static_cast<int64_t>(kSecondsMax - 1));
}

TEST(HttpDate, ComesBackFromTwoDigitsWithinFiftyYearsOfNow) {
  constexpr int64_t kYear = 31556952;
  for (uint32_t seed = 0; seed < 50000; ++seed) {
    Chance chance(seed);
    const int64_t now = SecondsBelow(200 * kYear, &chance);
    // A day short of it at either end: years differ in length.
    const int64_t from_now = SecondsBelow(100 * kYear - 4 * 86400, &chance);
    const int64_t unix_s = now - 50 * kYear + 2 * 86400 + from_now;
    const std::string text = Format("%A, %d-%b-%y %H:%M:%S GMT", Parts(unix_s));
    ASSERT_EQ(ParseHttpDate(text, now), unix_s) << "seed " << seed << ": " << text;
  }
}

TEST(HttpDate, ThatWasReadCanBeWrittenAndReadAgain) {
  size_t good = 0;
  for (uint32_t seed = 0; seed < 50000; ++seed) {
    Chance chance(seed);
    std::string text = Build(SecondsBelow(kSecondsMax, &chance));
    const size_t at = chance.Below(text.size());
    text[at] = static_cast<char>('0' + chance.Below(10));
    const std::optional<int64_t> read = ParseHttpDate(text, 0);
    if (!read) continue;
    ++good;
    ASSERT_EQ(ParseHttpDate(Build(*read), 0), read) << text;
  }
  EXPECT_GT(good, 1000U);
}

}  // namespace
}  // namespace ringway::http
