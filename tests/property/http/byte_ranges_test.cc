// SPDX-License-Identifier: Apache-2.0
//
// Ranges against a slow and obvious reader that goes over the file byte by byte.
#include "gateway/http/byte_ranges.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "tests/property/http/cuts.h"

namespace ringway::http {
namespace {

/// Files are small, so that a range is a list of the places in it.
using Places = std::vector<uint64_t>;

struct Reading {
  RangeResult result = RangeResult::kNone;
  std::vector<Places> ranges;
};

/// The numbers here have at most 18 digits; absent: not a number.
std::optional<uint64_t> Number(const std::string& text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos) return {};
  return std::stoull(text);
}

/// Absent: malformed.
std::optional<Places> ReadSpec(const std::string& spec, uint64_t file_bytes) {
  const size_t hyphen = spec.find('-');
  if (hyphen == std::string::npos) return {};
  const std::optional<uint64_t> first = Number(spec.substr(0, hyphen));
  const std::optional<uint64_t> last = Number(spec.substr(hyphen + 1));
  const bool is_suffix = hyphen == 0;
  const bool is_open = hyphen + 1 == spec.size();
  if (is_suffix ? !last : !first || (!is_open && (!last || *last < *first))) return {};
  Places places;
  for (uint64_t place = 0; place < file_bytes; ++place) {
    const bool wanted =
        is_suffix ? file_bytes - place <= *last : place >= *first && (is_open || place <= *last);
    if (wanted) places.push_back(place);
  }
  return places;
}

bool Share(const Places& left, const Places& right) {
  return std::find_first_of(left.begin(), left.end(), right.begin(), right.end()) != left.end();
}

Reading ReadSlowly(const std::vector<std::string>& specs, uint64_t file_bytes) {
  Reading reading;
  bool has_void_suffix = false;
  for (const std::string& spec : specs) {
    const std::optional<Places> places = ReadSpec(spec, file_bytes);
    if (!places) return {};
    if (!places->empty()) reading.ranges.push_back(*places);
    const bool asks_for_some = spec.find_first_of("123456789") != std::string::npos;
    has_void_suffix |= file_bytes == 0 && spec.starts_with('-') && asks_for_some;
  }
  if (specs.empty() || specs.size() > kByteRangesMax || has_void_suffix) return {};
  size_t sharing = 0;
  for (size_t one = 0; one < reading.ranges.size(); ++one) {
    bool shares = false;
    for (size_t other = 0; other < reading.ranges.size(); ++other) {
      shares |= one != other && Share(reading.ranges[one], reading.ranges[other]);
    }
    sharing += shares;
  }
  if (sharing > kOverlappingRangesMax) return {};
  reading.result = reading.ranges.empty() ? RangeResult::kUnsatisfiable : RangeResult::kSatisfiable;
  return reading;
}

/// Of up to 64 bits, and as likely short as long.
uint64_t WideNumber(Chance* chance) {
  const uint64_t high = chance->Below(1ULL << 32);
  return (high << 32 | chance->Below(1ULL << 32)) >> chance->Below(64);
}

std::string MakeNumber(Chance* chance) {
  if (chance->OneIn(30)) return chance->OneIn(2) ? "" : "x";
  if (chance->OneIn(20)) return "999999999999999999";
  std::string number = chance->OneIn(10) ? "00" : "";
  return number.append(std::to_string(chance->Below(40)));
}

std::string MakeSpec(Chance* chance) {
  if (chance->OneIn(4)) return std::string("-").append(MakeNumber(chance));
  if (chance->OneIn(4)) return MakeNumber(chance).append("-");
  if (chance->OneIn(10)) return MakeNumber(chance) + "-" + MakeNumber(chance);
  // Short and in its order: what a client would ask for.
  const size_t first = chance->Below(40);
  return std::to_string(first) + "-" + std::to_string(first + chance->Below(3));
}

void ExpectInFile(const ByteRanges& ranges, uint64_t file_bytes, uint32_t seed) {
  ASSERT_GE(ranges.count, 1U) << "seed " << seed;
  ASSERT_LE(ranges.count, kByteRangesMax) << "seed " << seed;
  uint64_t sum = 0;
  for (const ByteRange& range : ranges.Kept()) {
    ASSERT_GE(range.bytes, 1U) << "seed " << seed;
    ASSERT_LE(range.bytes, file_bytes) << "seed " << seed;
    ASSERT_LE(range.first, file_bytes - range.bytes) << "seed " << seed;
    sum += range.bytes;
  }
  ASSERT_LE(sum, 2 * file_bytes) << "seed " << seed;
}

TEST(ByteRanges, AreThoseOfASlowReaderAndLieInTheFile) {
  size_t satisfiable = 0;
  for (uint32_t seed = 0; seed < 50000; ++seed) {
    Chance chance(seed);
    const uint64_t file_bytes = chance.Below(40);
    std::vector<std::string> specs(chance.Below(chance.OneIn(10) ? 19 : 6));
    std::string value = "bytes=";
    for (std::string& spec : specs) {
      spec = MakeSpec(&chance);
      value += spec + (chance.OneIn(3) ? " , " : ",");
    }
    const Reading expected = ReadSlowly(specs, file_bytes);
    ByteRanges ranges;
    const RangeResult result = ResolveByteRanges({value, 1}, file_bytes, &ranges);
    ASSERT_EQ(result, expected.result) << "seed " << seed << ": " << value << " of " << file_bytes;
    ASSERT_EQ(ranges.count, expected.ranges.size()) << "seed " << seed;
    if (result != RangeResult::kSatisfiable) continue;
    ++satisfiable;
    ExpectInFile(ranges, file_bytes, seed);
    for (size_t at = 0; at < ranges.count; ++at) {
      ASSERT_EQ(ranges.ranges[at].first, expected.ranges[at].front()) << "seed " << seed;
      ASSERT_EQ(ranges.ranges[at].bytes, expected.ranges[at].size()) << "seed " << seed;
    }
  }
  // Else the texts say nothing.
  EXPECT_GT(satisfiable, 10000U);
}

TEST(ByteRanges, LieInFilesOfEverySize) {
  for (uint32_t seed = 0; seed < 50000; ++seed) {
    Chance chance(seed);
    const uint64_t file_bytes = WideNumber(&chance) >> 1;
    const uint64_t near = chance.OneIn(2) ? file_bytes - chance.Below(3) : WideNumber(&chance);
    std::string value = "bytes=" + std::to_string(near) + "-";
    value.append(",-").append(std::to_string(WideNumber(&chance)));
    value.append(",").append(std::to_string(WideNumber(&chance))).append("-18446744073709551615");
    ByteRanges ranges;
    if (ResolveByteRanges({value, 1}, file_bytes, &ranges) == RangeResult::kSatisfiable) {
      ExpectInFile(ranges, file_bytes, seed);
    }
  }
}

}  // namespace
}  // namespace ringway::http
