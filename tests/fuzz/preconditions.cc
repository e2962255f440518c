// SPDX-License-Identifier: Apache-2.0
//
// Fuzzes conditional requests: whatever the fields hold, the answer is one that the fields which
// came allow, a list that matches strongly matches weakly too, and a date that was read can be
// written and read again. The same lines are read as an Accept-Encoding.
//
// Input: lines, each the letter of a field and its value: m If-Match, n If-None-Match, s
// If-Modified-Since, u If-Unmodified-Since, r If-Range; h makes it a HEAD, o another method.
#include "gateway/http/preconditions.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/http/content_coding.h"
#include "gateway/http/entity_tag.h"
#include "gateway/http/http_date.h"

namespace {

using ringway::http::Conditions;
using ringway::http::ContentCoding;
using ringway::http::kHttpDateBytes;
using ringway::http::Method;
using ringway::http::PreconditionResult;
using ringway::http::RangeUse;
using ringway::http::SingleField;
using ringway::http::TagComparison;

/// The tag and the date of the examples in RFC 9110.
constexpr std::string_view kTag = "\"xyzzy\"";
constexpr int64_t kModified = 784111777;
constexpr int64_t kNow = kModified + 3600;

struct Request {
  std::vector<std::string> values;  ///< Each of its own size, for the sanitizer.
  std::vector<std::string_view> if_match;
  std::vector<std::string_view> if_none_match;
  Conditions conditions;
};

void Set(std::string_view value, SingleField* field) {
  if (field->count++ == 0) field->value = value;
}

void AddLine(char letter, std::string_view value, Request* request) {
  if (letter == 'm') request->if_match.push_back(value);
  if (letter == 'n') request->if_none_match.push_back(value);
  if (letter == 's') Set(value, &request->conditions.if_modified_since);
  if (letter == 'u') Set(value, &request->conditions.if_unmodified_since);
  if (letter == 'r') Set(value, &request->conditions.if_range);
  if (letter == 'h') request->conditions.method = Method::kHead;
  if (letter == 'o') request->conditions.method = Method::kOther;
}

void Read(std::string_view text, Request* request) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() == text.size() ? line.size() : line.size() + 1);
    if (!line.empty()) lines.push_back(line);
  }
  // Reserved, so that the views stay good.
  request->values.reserve(lines.size());
  for (const std::string_view line : lines) {
    request->values.emplace_back(line.substr(1));
    AddLine(line[0], request->values.back(), request);
  }
  request->conditions.if_match = request->if_match;
  request->conditions.if_none_match = request->if_none_match;
}

void CheckPreconditions(const Conditions& conditions) {
  const bool brings = conditions.method != Method::kOther;
  switch (ringway::http::EvaluatePreconditions(conditions, {kTag, kModified}, kNow)) {
    case PreconditionResult::kProceed:
      break;
    case PreconditionResult::kNotModified:
      RINGWAY_CHECK(brings);
      RINGWAY_CHECK(!conditions.if_none_match.empty() || conditions.if_modified_since.count == 1);
      break;
    case PreconditionResult::kFailed:
      RINGWAY_CHECK(!conditions.if_match.empty() || conditions.if_unmodified_since.count == 1 ||
                    (!brings && !conditions.if_none_match.empty()));
      break;
  }
  const RangeUse use = ringway::http::EvaluateIfRange(conditions, {kTag, kModified}, kNow);
  if (use == RangeUse::kCounts) {
    RINGWAY_CHECK(conditions.method == Method::kGet && conditions.if_range.count <= 1);
  }
}

void CheckTags(std::span<const std::string_view> values) {
  if (ringway::http::NamesEntityTag(values, kTag, TagComparison::kStrong)) {
    RINGWAY_CHECK(ringway::http::NamesEntityTag(values, kTag, TagComparison::kWeak));
  }
}

void CheckDate(std::string_view text) {
  const std::optional<int64_t> read = ringway::http::ParseHttpDate(text, kNow);
  if (!read) return;
  std::array<char, kHttpDateBytes> date;
  RINGWAY_CHECK_OP(ringway::http::BuildHttpDate(*read, date), ==, kHttpDateBytes);
  RINGWAY_CHECK(ringway::http::ParseHttpDate({date.data(), date.size()}, kNow) == read);
}

void CheckCodings(std::span<const std::string_view> values) {
  const ringway::http::CodingOrder order = ringway::http::OrderCodings(values);
  RINGWAY_CHECK(order.count >= 1 && order.count <= ringway::http::kContentCodings);
  std::array<size_t, ringway::http::kContentCodings> times{};
  for (const ContentCoding coding : order.Kept()) ++times[static_cast<size_t>(coding)];
  for (const size_t one : times) RINGWAY_CHECK_OP(one, <=, 1);
  RINGWAY_CHECK_OP(times[static_cast<size_t>(ContentCoding::kIdentity)], ==, 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t input_bytes) {
  Request request;
  Read(std::string(input, input + input_bytes), &request);
  CheckPreconditions(request.conditions);
  CheckTags(request.if_match);
  CheckTags(request.if_none_match);
  const std::vector<std::string_view> all(request.values.begin(), request.values.end());
  CheckCodings(all);
  for (const std::string_view value : all) CheckDate(value);
  return 0;
}
