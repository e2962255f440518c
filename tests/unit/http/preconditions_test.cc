// SPDX-License-Identifier: Apache-2.0
//
// Conditional requests, rule by rule of RFC 9110 13.
#include "gateway/http/preconditions.h"

#include <gtest/gtest.h>

#include <array>
#include <ostream>
#include <string>
#include <vector>

namespace ringway::http {

std::ostream& operator<<(std::ostream& out, PreconditionResult result) {
  constexpr std::array kNames{"proceed", "304", "412"};
  return out << kNames[static_cast<size_t>(result)];
}

std::ostream& operator<<(std::ostream& out, RangeUse use) {
  return out << (use == RangeUse::kCounts ? "counts" : "ignored");
}

namespace {

constexpr PreconditionResult kProceed = PreconditionResult::kProceed;
constexpr PreconditionResult kNotModified = PreconditionResult::kNotModified;
constexpr PreconditionResult kFailed = PreconditionResult::kFailed;

/// The file: changed at kAt, an hour ago.
constexpr const char* kTag = "\"t\"";
constexpr const char* kBefore = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr const char* kAt = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr const char* kAfter = "Sun, 06 Nov 1994 08:49:38 GMT";
constexpr int64_t kModified = 784111777;
constexpr int64_t kNow = kModified + 3600;

/// The fields of a request; those that are nullptr did not come.
struct Row {
  const char* rule;
  PreconditionResult expected;
  const char* if_match = nullptr;
  const char* if_none_match = nullptr;
  const char* if_modified_since = nullptr;
  const char* if_unmodified_since = nullptr;
};

SingleField Field(const char* value) {
  return value == nullptr ? SingleField{} : SingleField{value, 1};
}

PreconditionResult Evaluate(const Row& row, Method method, const char* tag = kTag) {
  std::vector<std::string_view> if_match;
  std::vector<std::string_view> if_none_match;
  if (row.if_match != nullptr) if_match.emplace_back(row.if_match);
  if (row.if_none_match != nullptr) if_none_match.emplace_back(row.if_none_match);
  const Conditions conditions{.method = method,
                              .if_match = if_match,
                              .if_none_match = if_none_match,
                              .if_modified_since = Field(row.if_modified_since),
                              .if_unmodified_since = Field(row.if_unmodified_since)};
  return EvaluatePreconditions(conditions, {tag, kModified}, kNow);
}

void ExpectForGetAndHead(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    EXPECT_EQ(Evaluate(row, Method::kGet), row.expected) << "GET: " << row.rule;
    EXPECT_EQ(Evaluate(row, Method::kHead), row.expected) << "HEAD: " << row.rule;
  }
}

TEST(Preconditions, HoldWithoutAny) {
  ExpectForGetAndHead({{.rule = "no condition at all", .expected = kProceed}});
}

TEST(Preconditions, OfIfMatch) {
  ExpectForGetAndHead({
      {.rule = "13.1.1: a star and a file that exists", .expected = kProceed, .if_match = "*"},
      {.rule = "13.1.1: a tag that matches", .expected = kProceed, .if_match = "\"t\""},
      {.rule = "13.1.1: one of a list", .expected = kProceed, .if_match = "\"x\", \"t\""},
      {.rule = "13.1.1: none of a list", .expected = kFailed, .if_match = "\"x\", \"y\""},
      {.rule = "13.1.1: compared strongly", .expected = kFailed, .if_match = "W/\"t\""},
      {.rule = "an empty list", .expected = kFailed, .if_match = ""},
      {.rule = "not a list of tags", .expected = kFailed, .if_match = "t"},
  });
}

TEST(Preconditions, OfIfUnmodifiedSince) {
  ExpectForGetAndHead({
      {.rule = "13.1.4: changed at that date", .expected = kProceed, .if_unmodified_since = kAt},
      {.rule = "13.1.4: changed before", .expected = kProceed, .if_unmodified_since = kAfter},
      {.rule = "13.1.4: changed since", .expected = kFailed, .if_unmodified_since = kBefore},
      {.rule = "13.1.4: not a date", .expected = kProceed, .if_unmodified_since = "yesterday"},
      {.rule = "13.1.4: an empty one", .expected = kProceed, .if_unmodified_since = ""},
      {.rule = "13.1.4: with If-Match it is ignored",
       .expected = kProceed,
       .if_match = "\"t\"",
       .if_unmodified_since = kBefore},
      {.rule = "13.1.4: ignored also where If-Match fails",
       .expected = kFailed,
       .if_match = "\"x\"",
       .if_unmodified_since = kAfter},
  });
}

TEST(Preconditions, OfIfNoneMatch) {
  ExpectForGetAndHead({
      {.rule = "13.1.2: a star and a file", .expected = kNotModified, .if_none_match = "*"},
      {.rule = "13.1.2: a tag that matches", .expected = kNotModified, .if_none_match = "\"t\""},
      {.rule = "13.1.2: one of a list", .expected = kNotModified, .if_none_match = "\"x\",\"t\""},
      {.rule = "13.1.2: none of a list", .expected = kProceed, .if_none_match = "\"x\", \"y\""},
      {.rule = "13.1.2: compared weakly", .expected = kNotModified, .if_none_match = "W/\"t\""},
      {.rule = "an empty list", .expected = kProceed, .if_none_match = ""},
      {.rule = "not a list of tags", .expected = kProceed, .if_none_match = "t"},
  });
}

TEST(Preconditions, OfIfModifiedSince) {
  ExpectForGetAndHead({
      {.rule = "13.1.3: changed since", .expected = kProceed, .if_modified_since = kBefore},
      {.rule = "13.1.3: changed at that date", .expected = kNotModified, .if_modified_since = kAt},
      {.rule = "13.1.3: changed before", .expected = kNotModified, .if_modified_since = kAfter},
      {.rule = "13.1.3: a date in the future",
       .expected = kNotModified,
       .if_modified_since = "Fri, 31 Dec 9999 23:59:59 GMT"},
      {.rule = "13.1.3: not a date", .expected = kProceed, .if_modified_since = "1"},
      {.rule = "13.1.3: a list of dates",
       .expected = kProceed,
       .if_modified_since = "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT"},
      {.rule = "5.6.7: the form of RFC 850",
       .expected = kNotModified,
       .if_modified_since = "Sunday, 06-Nov-94 08:49:37 GMT"},
      {.rule = "5.6.7: the form of asctime()",
       .expected = kNotModified,
       .if_modified_since = "Sun Nov  6 08:49:37 1994"},
      {.rule = "13.1.3: with If-None-Match it is ignored",
       .expected = kProceed,
       .if_none_match = "\"x\"",
       .if_modified_since = kAfter},
      {.rule = "13.1.3: ignored also beside one that is no list",
       .expected = kProceed,
       .if_none_match = "x",
       .if_modified_since = kAfter},
      {.rule = "13.1.3: ignored also where If-None-Match is false",
       .expected = kNotModified,
       .if_none_match = "\"t\"",
       .if_modified_since = kBefore},
  });
}

TEST(Preconditions, AreEvaluatedInTheOrderOfTheStandard) {
  ExpectForGetAndHead({
      {.rule = "13.2.2 1: a failed If-Match comes before If-None-Match",
       .expected = kFailed,
       .if_match = "\"x\"",
       .if_none_match = "\"t\""},
      {.rule = "13.2.2 1 to 3: If-Match holds, then If-None-Match",
       .expected = kNotModified,
       .if_match = "\"t\"",
       .if_none_match = "\"t\""},
      {.rule = "13.2.2 1 to 4: If-Match holds, then If-Modified-Since",
       .expected = kNotModified,
       .if_match = "*",
       .if_modified_since = kAt},
      {.rule = "13.2.2 2: a failed If-Unmodified-Since comes before If-None-Match",
       .expected = kFailed,
       .if_none_match = "\"t\"",
       .if_unmodified_since = kBefore},
      {.rule = "13.2.2 2 and 4: If-Unmodified-Since holds, then If-Modified-Since",
       .expected = kNotModified,
       .if_modified_since = kAt,
       .if_unmodified_since = kAt},
      {.rule = "all four hold",
       .expected = kProceed,
       .if_match = "\"t\"",
       .if_none_match = "\"x\"",
       .if_modified_since = kBefore,
       .if_unmodified_since = kAt},
  });
}

TEST(Preconditions, FailWhereAnotherMethodHasWhatItShouldNotHave) {
  EXPECT_EQ(Evaluate({.rule = "", .expected = kFailed, .if_none_match = "*"}, Method::kOther),
            kFailed);
  EXPECT_EQ(Evaluate({.rule = "", .expected = kFailed, .if_none_match = "\"x\""}, Method::kOther),
            kProceed);
  EXPECT_EQ(Evaluate({.rule = "", .expected = kFailed, .if_modified_since = kAt}, Method::kOther),
            kProceed);
}

TEST(Preconditions, ReadAllFieldsOfAListAndNoDateThatCameTwice) {
  const std::array<std::string_view, 2> tags = {"\"x\"", "\"t\""};
  const Validators validators{kTag, kModified};
  EXPECT_EQ(EvaluatePreconditions({.if_none_match = tags}, validators, kNow), kNotModified);
  EXPECT_EQ(EvaluatePreconditions({.if_match = tags}, validators, kNow), kProceed);
  EXPECT_EQ(EvaluatePreconditions({.if_modified_since = {kAt, 2}}, validators, kNow), kProceed);
  EXPECT_EQ(EvaluatePreconditions({.if_unmodified_since = {kBefore, 2}}, validators, kNow),
            kProceed);
}

struct IfRangeRow {
  const char* rule;
  RangeUse expected;
  SingleField if_range;
  int64_t now_s = kNow;
  Method method = Method::kGet;
};

TEST(IfRange, SaysWhetherTheRangeCounts) {
  for (const IfRangeRow& row : {
           IfRangeRow{"13.1.5: no field", RangeUse::kCounts, {}},
           IfRangeRow{"13.1.5: the tag", RangeUse::kCounts, {"\"t\"", 1}},
           IfRangeRow{"13.1.5: another tag", RangeUse::kIgnored, {"\"x\"", 1}},
           IfRangeRow{"13.1.5: compared strongly", RangeUse::kIgnored, {"W/\"t\"", 1}},
           IfRangeRow{"13.1.5: not a list", RangeUse::kIgnored, {"\"x\", \"t\"", 1}},
           IfRangeRow{"13.1.5: not a star", RangeUse::kIgnored, {"*", 1}},
           IfRangeRow{"13.1.5: the date", RangeUse::kCounts, {kAt, 1}},
           IfRangeRow{"13.1.5: an earlier date", RangeUse::kIgnored, {kBefore, 1}},
           IfRangeRow{
               "13.1.5: a later date, as it is no exact match", RangeUse::kIgnored, {kAfter, 1}},
           IfRangeRow{"5.6.7: the date in the form of RFC 850",
                      RangeUse::kCounts,
                      {"Sunday, 06-Nov-94 08:49:37 GMT", 1}},
           IfRangeRow{"8.8.2.2: the second is over", RangeUse::kCounts, {kAt, 1}, kModified + 1},
           IfRangeRow{"8.8.2.2: the second lasts", RangeUse::kIgnored, {kAt, 1}, kModified},
           IfRangeRow{"8.8.2.2: a file of the future", RangeUse::kIgnored, {kAt, 1}, kModified - 9},
           IfRangeRow{"a tag needs no clock", RangeUse::kCounts, {"\"t\"", 1}, kModified},
           IfRangeRow{"neither tag nor date", RangeUse::kIgnored, {"t", 1}},
           IfRangeRow{"an empty field", RangeUse::kIgnored, {"", 1}},
           IfRangeRow{"two fields", RangeUse::kIgnored, {"\"t\"", 2}},
           IfRangeRow{"14.2: HEAD has no ranges", RangeUse::kIgnored, {}, kNow, Method::kHead},
           IfRangeRow{
               "14.2: nor with If-Range", RangeUse::kIgnored, {"\"t\"", 1}, kNow, Method::kHead},
           IfRangeRow{"14.2: nor has another method", RangeUse::kIgnored, {}, kNow, Method::kOther},
       }) {
    const Conditions conditions{.method = row.method, .if_range = row.if_range};
    EXPECT_EQ(EvaluateIfRange(conditions, {kTag, kModified}, row.now_s), row.expected) << row.rule;
  }
}

TEST(IfRange, IsNoPrecondition) {
  EXPECT_EQ(EvaluatePreconditions({.if_range = {"\"x\"", 1}}, {kTag, kModified}, kNow), kProceed);
}

TEST(IfRange, NeverHoldsForAWeakTag) {
  EXPECT_EQ(EvaluateIfRange({.if_range = {"W/\"t\"", 1}}, {"W/\"t\"", kModified}, kNow),
            RangeUse::kIgnored);
}

}  // namespace
}  // namespace ringway::http
