// SPDX-License-Identifier: Apache-2.0
//
// Conditional requests for a file that exists (RFC 9110 13): whether the client wants it at all,
// and whether the part that it asks for still belongs to what it has.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "gateway/http/request_head.h"
#include "gateway/http/single_field.h"

namespace ringway::http {

/// What a request says; views into its head.
struct Conditions {
  Method method = Method::kGet;
  /// The values of all fields of the name; none came: empty.
  std::span<const std::string_view> if_match{};
  std::span<const std::string_view> if_none_match{};
  SingleField if_modified_since{};
  SingleField if_unmodified_since{};
  SingleField if_range{};
};

/// What the selected representation is known by (RFC 9110 8.8).
struct Validators {
  /// As BuildEntityTag wrote it.
  std::string_view entity_tag;
  /// Seconds since 1970, rounded down from the later of what the file and what the kernel says.
  int64_t last_modified_s = 0;
};

enum class [[nodiscard]] PreconditionResult : uint8_t{
    kProceed,      ///< As if there were no conditions; EvaluateIfRange is the next step.
    kNotModified,  ///< 304
    kFailed,       ///< 412
};

/// RFC 9110 13.2.2, steps 1 to 4. `now_s`: the clock of the answer's Date.
///
/// A date that cannot be read, or came twice, is as if it had not come (13.1.3, 13.1.4); so is
/// If-Modified-Since beside If-None-Match, If-Unmodified-Since beside If-Match, and
/// If-Modified-Since with a method other than GET and HEAD.
PreconditionResult EvaluatePreconditions(const Conditions& conditions, const Validators& validators,
                                         int64_t now_s);

enum class [[nodiscard]] RangeUse : uint8_t{kCounts, kIgnored};

/// RFC 9110 13.2.2, step 5: whether the request's Range field, if it has one, is to be looked at.
///
/// kIgnored: the method is not GET (14.2), or there is an If-Range and it does not hold. It holds
/// if it is the entity tag, compared strongly, or exactly the date of last modification, and that
/// is a strong validator (8.8.2.2): its second is over, so nothing more can happen within it. That
/// nothing happened in it after the client's copy was sent is the client's to know, by the Date
/// that came with it (13.1.5).
RangeUse EvaluateIfRange(const Conditions& conditions, const Validators& validators, int64_t now_s);

}  // namespace ringway::http
