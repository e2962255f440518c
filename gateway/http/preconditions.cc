// SPDX-License-Identifier: Apache-2.0
//
// The steps of RFC 9110 13.2.2, one function each.
#include "gateway/http/preconditions.h"

#include <optional>

#include "gateway/http/entity_tag.h"
#include "gateway/http/http_date.h"

namespace ringway::http {
namespace {

std::optional<int64_t> DateOf(const SingleField& field, int64_t now_s) {
  const std::optional<std::string_view> value = field.Once();
  return value ? ParseHttpDate(*value, now_s) : std::nullopt;
}

bool IsGetOrHead(Method method) { return method == Method::kGet || method == Method::kHead; }

/// Steps 1 and 2: is it still what the client believes it to be.
bool IsAsExpected(const Conditions& conditions, const Validators& validators, int64_t now_s) {
  if (!conditions.if_match.empty()) {
    return NamesEntityTag(conditions.if_match, validators.entity_tag, TagComparison::kStrong);
  }
  const std::optional<int64_t> date = DateOf(conditions.if_unmodified_since, now_s);
  return !date || validators.last_modified_s <= *date;
}

/// Steps 3 and 4: is it something that the client does not have.
bool IsNews(const Conditions& conditions, const Validators& validators, int64_t now_s) {
  if (!conditions.if_none_match.empty()) {
    return !NamesEntityTag(conditions.if_none_match, validators.entity_tag, TagComparison::kWeak);
  }
  if (!IsGetOrHead(conditions.method)) return true;
  const std::optional<int64_t> date = DateOf(conditions.if_modified_since, now_s);
  return !date || validators.last_modified_s > *date;
}

}  // namespace

PreconditionResult EvaluatePreconditions(const Conditions& conditions, const Validators& validators,
                                         int64_t now_s) {
  if (!IsAsExpected(conditions, validators, now_s)) return PreconditionResult::kFailed;
  if (IsNews(conditions, validators, now_s)) return PreconditionResult::kProceed;
  return IsGetOrHead(conditions.method) ? PreconditionResult::kNotModified
                                        : PreconditionResult::kFailed;
}

RangeUse EvaluateIfRange(const Conditions& conditions, const Validators& validators,
                         int64_t now_s) {
  if (conditions.method != Method::kGet) return RangeUse::kIgnored;
  if (conditions.if_range.count == 0) return RangeUse::kCounts;
  const std::optional<std::string_view> value = conditions.if_range.Once();
  if (!value) return RangeUse::kIgnored;
  if (IsSameTag(*value, validators.entity_tag, TagComparison::kStrong)) return RangeUse::kCounts;
  const bool is_strong_date = validators.last_modified_s < now_s &&
                              ParseHttpDate(*value, now_s) == validators.last_modified_s;
  return is_strong_date ? RangeUse::kCounts : RangeUse::kIgnored;
}

}  // namespace ringway::http
