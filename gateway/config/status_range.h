// SPDX-License-Identifier: Apache-2.0
//
// Status codes of HTTP as a health check wants them: one, or a range, or several of both.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ringway::config {

/// A probe wants a final status (RFC 9110 15): 1xx is not the answer yet.
inline constexpr uint16_t kStatusMin = 200;
inline constexpr uint16_t kStatusMax = 599;

/// Both ends belong to it. REQUIRES: kStatusMin <= first <= last <= kStatusMax.
struct StatusRange {
  uint16_t first = 0;
  uint16_t last = 0;

  bool operator==(const StatusRange&) const = default;
};

/// "204" or "200-299", without spaces. Nullopt: it is neither, or has an end out of bounds.
[[nodiscard]] std::optional<StatusRange> ParseStatusRange(std::string_view text);

[[nodiscard]] bool Contains(std::span<const StatusRange> ranges, uint32_t status);

/// "200-299, 304".
[[nodiscard]] std::string StatusText(std::span<const StatusRange> ranges);

}  // namespace ringway::config
