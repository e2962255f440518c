// SPDX-License-Identifier: Apache-2.0
//
// The table of all limits: one row makes a limit readable, ranged and shown. A new field of
// base::Limits needs a row here and nothing else.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/base/limits.h"

namespace ringway::config {

enum class Notation : uint8_t { kDuration, kSize, kCount };

/// What a value must be beside being in its range.
enum class Shape : uint8_t {
  kAny,
  kZeroMeansNever,    ///< Zero is valid though it lies below the range,
  kZeroMeansNoLimit,  ///< here too, and is said in other words.
  kPowerOfTwo,
};

/// A field of base::Limits, in either of its two widths; exactly one of both is set.
struct LimitField {
  constexpr LimitField(uint32_t base::Limits::*field) : narrow(field) {}
  constexpr LimitField(uint64_t base::Limits::*field) : wide(field) {}

  uint32_t base::Limits::*narrow = nullptr;
  uint64_t base::Limits::*wide = nullptr;
};

struct LimitRow {
  std::string_view key;
  LimitField field;
  Notation notation;
  Shape shape;
  uint64_t min;
  uint64_t max;
};

/// In the order of base::Limits.
[[nodiscard]] std::span<const LimitRow> LimitRows();

[[nodiscard]] uint64_t GetLimit(const base::Limits& limits, const LimitRow& row);
/// REQUIRES: IsValid(row, value).
void SetLimit(base::Limits& limits, const LimitRow& row, uint64_t value);

[[nodiscard]] bool IsValid(const LimitRow& row, uint64_t value);

/// "10s", "64KiB", "1024"; "never" for a zero that means it.
[[nodiscard]] std::string LimitText(const LimitRow& row, uint64_t value);

/// `"1KiB" to "16KiB"`, `a power of two from 16 to 32768`: what is valid, for a complaint.
[[nodiscard]] std::string RangeText(const LimitRow& row);

}  // namespace ringway::config
