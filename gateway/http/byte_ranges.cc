// SPDX-License-Identifier: Apache-2.0
//
// All specs are read before anything is answered: one that is malformed makes all of them so.
#include "gateway/http/byte_ranges.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>

#include "gateway/http/bytes.h"
#include "gateway/http/list_reader.h"

namespace ringway::http {
namespace {

constexpr std::string_view kUnit = "bytes=";
constexpr uint64_t kNumberMax = std::numeric_limits<uint64_t>::max();

/// 1*DIGIT; beyond 64 bits it is kNumberMax.
std::optional<uint64_t> ReadNumber(std::string_view text) {
  if (text.empty()) return std::nullopt;
  uint64_t number = 0;
  for (const char byte : text) {
    if (byte < '0' || byte > '9') return std::nullopt;
    const auto digit = static_cast<uint64_t>(byte - '0');
    const bool overflows = number > (kNumberMax - digit) / 10;
    number = overflows ? kNumberMax : number * 10 + digit;
  }
  return number;
}

/// What one range-spec comes to.
enum class SpecKind : uint8_t {
  kMalformed,
  kOutside,    ///< Satisfied by no byte of this file.
  kWholeVoid,  ///< A suffix of an empty file.
  kInside,
};

/// suffix-range: "-" and how many of the last bytes.
SpecKind ResolveSuffix(std::string_view digits, uint64_t file_bytes, ByteRange* range) {
  const std::optional<uint64_t> wanted = ReadNumber(digits);
  if (!wanted) return SpecKind::kMalformed;
  if (*wanted == 0) return SpecKind::kOutside;
  if (file_bytes == 0) return SpecKind::kWholeVoid;
  range->bytes = std::min(*wanted, file_bytes);
  range->first = file_bytes - range->bytes;
  return SpecKind::kInside;
}

/// int-range: first-pos "-" [ last-pos ].
SpecKind Resolve(std::string_view spec, uint64_t file_bytes, ByteRange* range) {
  const size_t hyphen = spec.find('-');
  if (hyphen == std::string_view::npos) return SpecKind::kMalformed;
  const std::string_view last_digits = spec.substr(hyphen + 1);
  if (hyphen == 0) return ResolveSuffix(last_digits, file_bytes, range);
  const std::optional<uint64_t> first = ReadNumber(spec.substr(0, hyphen));
  const std::optional<uint64_t> last = last_digits.empty() ? kNumberMax : ReadNumber(last_digits);
  if (!first || !last || *last < *first) return SpecKind::kMalformed;
  if (*first >= file_bytes) return SpecKind::kOutside;
  range->first = *first;
  range->bytes = std::min(*last, file_bytes - 1) - *first + 1;
  return SpecKind::kInside;
}

bool Overlap(const ByteRange& left, const ByteRange& right) {
  return left.first < right.first + right.bytes && right.first < left.first + left.bytes;
}

/// How many share a byte with another one.
size_t CountOverlapping(std::span<const ByteRange> ranges) {
  size_t count = 0;
  for (const ByteRange& one : ranges) {
    count += std::any_of(ranges.begin(), ranges.end(), [&one](const ByteRange& other) {
      return &one != &other && Overlap(one, other);
    });
  }
  return count;
}

}  // namespace

RangeResult ResolveByteRanges(const SingleField& range, uint64_t file_bytes, ByteRanges* resolved) {
  const std::string_view value = range.Once().value_or("");
  // Units have no case (RFC 9110 14.1).
  if (!EqualsIgnoreCase(value.substr(0, kUnit.size()), kUnit)) return RangeResult::kNone;
  ListReader reader(value.substr(kUnit.size()));
  std::string_view spec;
  ByteRanges found;
  size_t spec_count = 0;
  while (reader.Next(&spec)) {
    if (++spec_count > kByteRangesMax) return RangeResult::kNone;
    ByteRange one;
    const SpecKind kind = Resolve(spec, file_bytes, &one);
    if (kind == SpecKind::kMalformed || kind == SpecKind::kWholeVoid) return RangeResult::kNone;
    if (kind == SpecKind::kInside) found.ranges[found.count++] = one;
  }
  if (spec_count == 0) return RangeResult::kNone;
  if (found.count == 0) return RangeResult::kUnsatisfiable;
  if (CountOverlapping(found.Kept()) > kOverlappingRangesMax) return RangeResult::kNone;
  *resolved = found;
  return RangeResult::kSatisfiable;
}

}  // namespace ringway::http
