// SPDX-License-Identifier: Apache-2.0
//
// The three forms of RFC 9110 5.6.7, and what is none of them.
#include "gateway/http/http_date.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

namespace ringway::http {
namespace {

/// Sun, 06 Nov 1994 08:49:37 GMT, the example of the standard.
constexpr int64_t kExample = 784111777;
/// Wed, 01 Jan 2025 00:00:00 GMT
constexpr int64_t kNow = 1735689600;

std::string Build(int64_t unix_s) {
  std::array<char, kHttpDateBytes> out;
  return {out.data(), BuildHttpDate(unix_s, out)};
}

TEST(HttpDate, IsWrittenAsImfFixdate) {
  EXPECT_EQ(Build(kExample), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(Build(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(Build(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
  EXPECT_EQ(Build(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
  EXPECT_EQ(Build(2147483648), "Tue, 19 Jan 2038 03:14:08 GMT");
  EXPECT_EQ(Build(253402300799), "Fri, 31 Dec 9999 23:59:59 GMT");
}

TEST(HttpDate, IsNotWrittenForAYearWithoutFourDigits) {
  EXPECT_EQ(Build(253402300800), "");
  EXPECT_EQ(Build(-62167219200), "Sat, 01 Jan 0000 00:00:00 GMT");
  EXPECT_EQ(Build(-62167219201), "");
  EXPECT_EQ(Build(std::numeric_limits<int64_t>::max()), "");
  EXPECT_EQ(Build(std::numeric_limits<int64_t>::min()), "");
}

TEST(HttpDate, IsNotWrittenWhereItDoesNotFit) {
  std::array<char, kHttpDateBytes - 1> out;
  EXPECT_EQ(BuildHttpDate(kExample, out), 0U);
}

TEST(HttpDate, IsReadInAllThreeForms) {
  for (const char* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994"})
    EXPECT_EQ(ParseHttpDate(text, kNow), kExample) << text;
  EXPECT_EQ(ParseHttpDate("Wed Nov 16 08:49:37 1994", kNow), kExample + 10 * 86400);
}

TEST(HttpDate, IsNothingElse) {
  for (const char* text : {
           "",
           "0",
           "784111777",
           "Sun, 06 Nov 1994 08:49:37",
           "Sun, 06 Nov 1994 08:49:37 UTC",
           "Sun, 06 Nov 1994 08:49:37 gmt",
           "Sun, 06 Nov 1994 08:49:37 GMT ",
           " Sun, 06 Nov 1994 08:49:37 GMT",
           "Sun, 06 Nov 1994 08:49:37 GMT; length=5",
           "Sun, 06 Nov 1994 08:49:37 +0000",
           "sun, 06 nov 1994 08:49:37 GMT",
           "SUN, 06 Nov 1994 08:49:37 GMT",
           "Sun,06 Nov 1994 08:49:37 GMT",
           "Sun, 6 Nov 1994 08:49:37 GMT",
           "Sun, 06 Nov 94 08:49:37 GMT",
           "Sun, 06 Nov 1994 8:49:37 GMT",
           "Sun, 06 Nov 1994 08:49 GMT",
           "Sun, 06-Nov-1994 08:49:37 GMT",
           "06 Nov 1994 08:49:37 GMT",
           "Sun, -6 Nov 1994 08:49:37 GMT",
           "Sun, 06 Nov +994 08:49:37 GMT",
           "Sun, 06-Nov-94 08:49:37 GMT",
           "Sunday, 06 Nov 1994 08:49:37 GMT",
           "Sunday, 06-Nov-1994 08:49:37 GMT",
           "Sun Nov 6 08:49:37 1994",
           "Sun Nov  6 08:49:37 1994 GMT",
           "Sun Nov  06 08:49:37 1994",
           "1994-11-06T08:49:37Z",
       })
    EXPECT_EQ(ParseHttpDate(text, kNow), std::nullopt) << text;
}

TEST(HttpDate, IsADayThatTheCalendarHas) {
  for (const char* text : {
           "Mon, 06 Nov 1994 08:49:37 GMT",   // It was a Sunday.
           "Monday, 06-Nov-94 08:49:37 GMT",  // The same.
           "Mon Nov  6 08:49:37 1994",        // The same.
           "Thu, 00 Jan 1970 00:00:00 GMT",   // No such day,
           "Sun, 32 Jan 1970 00:00:00 GMT",   // nor this one,
           "Mon, 31 Apr 1995 00:00:00 GMT",   // nor this one.
           "Wed, 29 Feb 1995 00:00:00 GMT",   // Not a leap year.
           "Mon, 29 Feb 1900 00:00:00 GMT",   // Nor this one.
           "Sun, 06 Nov 1994 24:00:00 GMT",   // No such hour,
           "Sun, 06 Nov 1994 08:60:00 GMT",   // minute,
           "Sun, 06 Nov 1994 08:49:60 GMT",   // or second;
           "Sun, 06 Nov 1994 23:59:61 GMT",   // nor one more.
           "Fri, 31 Dec 9999 23:59:60 GMT",   // Not to be written again.
       })
    EXPECT_EQ(ParseHttpDate(text, kNow), std::nullopt) << text;
}

TEST(HttpDate, MayHaveALeapSecond) {
  EXPECT_EQ(ParseHttpDate("Sat, 31 Dec 2016 23:59:60 GMT", kNow), 1483228800);
  EXPECT_EQ(ParseHttpDate("Sun, 01 Jan 2017 00:00:00 GMT", kNow), 1483228800);
}

TEST(HttpDate, PlacesTwoDigitsNoMoreThanFiftyYearsAhead) {
  // From 2025-01-01 00:00:00 on: 2075 in its first second, and not one later.
  EXPECT_EQ(ParseHttpDate("Tuesday, 01-Jan-75 00:00:00 GMT", kNow), 3313526400);
  EXPECT_EQ(ParseHttpDate("Wednesday, 01-Jan-75 00:00:01 GMT", kNow), 157766401);
  EXPECT_EQ(ParseHttpDate("Thursday, 02-Jan-75 00:00:00 GMT", kNow), 157852800);
  EXPECT_EQ(ParseHttpDate("Wednesday, 31-Dec-75 00:00:00 GMT", kNow), 189216000);
  EXPECT_EQ(ParseHttpDate("Monday, 31-Dec-74 00:00:00 GMT", kNow), 3313440000);
  EXPECT_EQ(ParseHttpDate("Wednesday, 01-Jan-25 00:00:00 GMT", kNow), kNow);
  EXPECT_EQ(ParseHttpDate("Friday, 31-Dec-99 00:00:00 GMT", kNow), 946598400);
  // Towards the end of a century the next one comes into sight.
  constexpr int64_t k2099 = 4070908800;
  EXPECT_EQ(ParseHttpDate("Saturday, 01-Jan-05 00:00:00 GMT", k2099), std::nullopt);
  EXPECT_EQ(ParseHttpDate("Thursday, 01-Jan-05 00:00:00 GMT", k2099), 4260211200);
}

TEST(HttpDate, TakesAnyClock) {
  for (const int64_t now : {std::numeric_limits<int64_t>::min(), int64_t{-62167219200},
                            int64_t{253402300799}, std::numeric_limits<int64_t>::max()}) {
    EXPECT_EQ(ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT", now), kExample);
    (void)ParseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT", now);
    (void)ParseHttpDate("Tuesday, 29-Feb-00 08:49:37 GMT", now);
  }
}

}  // namespace
}  // namespace ringway::http
