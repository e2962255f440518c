// SPDX-License-Identifier: Apache-2.0
//
// A field that a request may have once: If-Modified-Since, If-Range, Range and their like.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace ringway::http {

/// Two fields of such a name have no meaning (RFC 9110 5.3), and no field is not an empty one, so
/// the count belongs to the value.
struct SingleField {
  /// The first value, without the white space around it.
  std::string_view value;
  /// How many came.
  size_t count = 0;

  /// Absent unless it came exactly once.
  [[nodiscard]] std::optional<std::string_view> Once() const {
    return count == 1 ? std::optional(value) : std::nullopt;
  }
};

}  // namespace ringway::http
