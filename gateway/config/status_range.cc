// SPDX-License-Identifier: Apache-2.0
//
// A code has three digits, so no number can be too long to be read.
#include "gateway/config/status_range.h"

#include <algorithm>

#include "gateway/config/text.h"

namespace ringway::config {
namespace {

constexpr size_t kDigits = 3;

/// 0: no status that a probe may want.
uint16_t ReadStatus(std::string_view text) {
  uint16_t status = 0;
  if (text.size() != kDigits) return 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return 0;
    status = static_cast<uint16_t>(status * 10 + (digit - '0'));
  }
  return status >= kStatusMin && status <= kStatusMax ? status : 0;
}

}  // namespace

std::optional<StatusRange> ParseStatusRange(std::string_view text) {
  StatusRange range{.first = ReadStatus(text.substr(0, kDigits)), .last = 0};
  range.last = range.first;
  if (text.size() > kDigits) {
    range.last = text[kDigits] == '-' ? ReadStatus(text.substr(kDigits + 1)) : uint16_t{0};
  }
  if (range.first == 0 || range.last < range.first) return std::nullopt;
  return range;
}

bool Contains(std::span<const StatusRange> ranges, uint32_t status) {
  return std::any_of(ranges.begin(), ranges.end(), [status](const StatusRange& range) {
    return status >= range.first && status <= range.last;
  });
}

std::string StatusText(std::span<const StatusRange> ranges) {
  std::string text;
  for (const StatusRange& range : ranges) {
    if (!text.empty()) text += ", ";
    text += range.first == range.last ? Cat(range.first) : Cat(range.first, "-", range.last);
  }
  return text;
}

}  // namespace ringway::config
