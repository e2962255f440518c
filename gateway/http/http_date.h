// SPDX-License-Identifier: Apache-2.0
//
// Dates as HTTP writes them (RFC 9110 5.6.7), to and from seconds since 1970 in UTC.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace ringway::http {

/// "Sun, 06 Nov 1994 08:49:37 GMT"; always so many.
inline constexpr size_t kHttpDateBytes = 29;

/// Writes `unix_s` as IMF-fixdate and returns kHttpDateBytes; 0: it does not fit, or its year has
/// not four digits.
[[nodiscard]] size_t BuildHttpDate(int64_t unix_s, std::span<char> out);

/// Reads a date in any of the three forms: IMF-fixdate, that of RFC 850, and that of asctime().
/// Absent: anything else, a day that no calendar has, or a day of the week that is not that day's.
/// A leap second is read only where one can be, as 23:59:60. What is read can be written again.
///
/// `now_s` places the two digits of RFC 850's year: the latest year that ends with them and makes
/// the date no more than 50 years later than now.
[[nodiscard]] std::optional<int64_t> ParseHttpDate(std::string_view text, int64_t now_s);

}  // namespace ringway::http
