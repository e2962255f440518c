// SPDX-License-Identifier: Apache-2.0
//
// Number and unit apart, each judged by itself; one table of units for each kind.
#include "gateway/config/quantity.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "gateway/config/text.h"
#include "gateway/config/words.h"

namespace ringway::config {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};

/// Both in rising order: texts use the last that divides.
constexpr Unit kDurationUnits[] = {
    {"ns", 1},
    {"us", 1'000},
    {"ms", 1'000'000},
    {"s", 1'000'000'000},
    {"m", 60'000'000'000},
    {"h", 3'600'000'000'000},
};
constexpr Unit kSizeUnits[] = {
    {"B", 1},
    {"KB", 1'000},
    {"KiB", 1ULL << 10},
    {"MB", 1'000'000},
    {"MiB", 1ULL << 20},
    {"GB", 1'000'000'000},
    {"GiB", 1ULL << 30},
    {"TB", 1'000'000'000'000},
    {"TiB", 1ULL << 40},
};

struct Notation {
  std::span<const Unit> units;
  std::string_view expected;
};
constexpr Notation kDuration = {kDurationUnits,
                                R"(a whole number with ns, us, ms, s, m or h, such as "10s")"};
constexpr Notation kSize = {kSizeUnits,
                            R"(a whole number with B, KiB, MiB, GiB or TiB, such as "64KiB")"};

/// The unit that was probably meant by `name`, as the end of a sentence.
std::string UnitHint(std::string_view digits, std::string_view name, const Notation& notation) {
  std::vector<std::string_view> names;
  for (const Unit& unit : notation.units) names.push_back(unit.name);
  const auto nearest = digits.empty() ? std::nullopt : Nearest(name, names);
  if (!nearest) return "";
  return Cat("; did you mean ", Quoted(Cat(digits, *nearest)), "?");
}

absl::StatusOr<uint64_t> ParseQuantity(std::string_view text, const Notation& notation) {
  const auto end_of_digits =
      std::find_if_not(text.begin(), text.end(), [](char c) { return absl::ascii_isdigit(c); });
  const std::string_view digits(text.begin(), end_of_digits);
  const std::string_view name(end_of_digits, text.end());
  const auto unit = std::find_if(notation.units.begin(), notation.units.end(),
                                 [&](const Unit& candidate) { return candidate.name == name; });
  if (digits.empty() || unit == notation.units.end()) {
    return absl::InvalidArgumentError(
        Cat("expected ", notation.expected, UnitHint(digits, name, notation)));
  }
  uint64_t number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (parsed.ec != std::errc() || number > std::numeric_limits<uint64_t>::max() / unit->factor) {
    return absl::InvalidArgumentError("expected a number that fits 64 bits");
  }
  return number * unit->factor;
}

}  // namespace

absl::StatusOr<uint64_t> ParseDurationNs(std::string_view text) {
  return ParseQuantity(text, kDuration);
}

absl::StatusOr<uint64_t> ParseSizeBytes(std::string_view text) {
  return ParseQuantity(text, kSize);
}

std::string DurationText(uint64_t ns) {
  if (ns == 0) return "0s";
  const Unit* best = &kDurationUnits[0];
  for (const Unit& unit : kDurationUnits) {
    if (ns % unit.factor == 0) best = &unit;
  }
  return Cat(ns / best->factor, best->name);
}

std::string SizeText(uint64_t bytes) {
  if (bytes == 0) return "0B";
  const Unit* best = &kSizeUnits[0];
  for (const Unit& unit : kSizeUnits) {
    const bool power_of_two = (unit.factor & (unit.factor - 1)) == 0;
    if (power_of_two && bytes % unit.factor == 0) best = &unit;
  }
  return Cat(bytes / best->factor, best->name);
}

}  // namespace ringway::config
