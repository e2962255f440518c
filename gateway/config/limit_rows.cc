// SPDX-License-Identifier: Apache-2.0
//
// The rows, and what can be said of any of them.
#include "gateway/config/limit_rows.h"

#include <bit>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/config/config.h"
#include "gateway/config/quantity.h"
#include "gateway/config/text.h"

namespace ringway::config {
namespace {

using base::Limits;

constexpr uint64_t kMs = 1'000'000;
/// A timer of more than a day is a mistake in its unit; the timing wheel need not carry it.
constexpr uint64_t kDay = 24ULL * 3600 * 1'000'000'000;
constexpr uint64_t kKiB = 1ULL << 10;
constexpr uint64_t kMiB = 1ULL << 20;
constexpr uint64_t kTiB = 1ULL << 40;

constexpr LimitRow Time(std::string_view key, LimitField field, Shape shape = Shape::kAny) {
  return {key, field, Notation::kDuration, shape, kMs, kDay};
}

constexpr LimitRow Size(std::string_view key, LimitField field, uint64_t min, uint64_t max) {
  return {key, field, Notation::kSize, Shape::kAny, min, max};
}

constexpr LimitRow Count(std::string_view key, LimitField field, uint64_t min, uint64_t max,
                         Shape shape = Shape::kAny) {
  return {key, field, Notation::kCount, shape, min, max};
}

constexpr bool IsZeroValid(Shape shape) {
  return shape == Shape::kZeroMeansNever || shape == Shape::kZeroMeansNoLimit;
}

/// Entries of a provided-buffer ring: the kernel takes a power of two, up to 32768.
constexpr LimitRow Ring(std::string_view key, LimitField field) {
  return {key, field, Notation::kCount, Shape::kPowerOfTwo, 16, 32768};
}

constexpr LimitRow kRows[] = {
    Count("sessions_per_worker", &Limits::sessions_per_worker_max, 1, 1048576),
    Count("sessions_max", &Limits::sessions_max, 1, kSessionsMax, Shape::kZeroMeansNoLimit),
    Count("sessions_per_address", &Limits::sessions_per_address_max, 1, kSessionsMax,
          Shape::kZeroMeansNoLimit),
    Time("handshake_timeout", &Limits::handshake_timeout_ns),
    Time("idle_timeout", &Limits::idle_timeout_ns, Shape::kZeroMeansNever),
    Time("ping_interval", &Limits::ping_interval_ns, Shape::kZeroMeansNever),
    Time("pong_timeout", &Limits::pong_timeout_ns),
    Time("close_timeout", &Limits::close_timeout_ns),
    Time("drain_timeout", &Limits::drain_timeout_ns),
    // A pooled chunk of 16 KiB holds the part of a head that has come so far.
    Size("head_max", &Limits::head_bytes_max, kKiB, 16 * kKiB),
    Size("frame_max", &Limits::frame_bytes_max, 1, kTiB),
    Size("message_max", &Limits::message_bytes_max, 1, kTiB),
    Size("window", &Limits::window_bytes, 16 * kKiB, 256 * kMiB),
    Size("worker_queued_max", &Limits::worker_queued_bytes_max, 64 * kKiB, kTiB),
    Ring("small_buffers", &Limits::small_buffers),
    Ring("bulk_buffers", &Limits::bulk_buffers),
    Count("chunks", &Limits::chunks, 16, 1048576),
    Count("pipes", &Limits::pipes, 0, 16384),
    Count("cells", &Limits::cells, 64, 4194304),
    Size("small_file_max", &Limits::small_file_bytes_max, 0, kMiB),
    Count("cached_files", &Limits::cached_files, 64, 65536, Shape::kPowerOfTwo),
    Size("file_cache_max", &Limits::file_cache_bytes_max, 0, kTiB),
    Count("open_files", &Limits::open_files, 0, 16384),
};

/// Stands for a value of any integer type, to count the fields of a struct.
struct AnyInteger {
  template <std::integral T>
  operator T() const;  // NOLINT: never defined, only named
};

template <size_t... kPlaces>
constexpr bool LimitsHaveFields(std::index_sequence<kPlaces...>) {
  return requires { Limits{(static_cast<void>(kPlaces), AnyInteger())...}; };
}
static_assert(LimitsHaveFields(std::make_index_sequence<std::size(kRows)>()) &&
                  !LimitsHaveFields(std::make_index_sequence<std::size(kRows) + 1>()),
              "each field of base::Limits needs one row");

std::string NotationText(const LimitRow& row, uint64_t value) {
  switch (row.notation) {
    case Notation::kDuration:
      return DurationText(value);
    case Notation::kSize:
      return SizeText(value);
    case Notation::kCount:
      return Cat(value);
  }
  return "";
}

}  // namespace

std::span<const LimitRow> LimitRows() { return kRows; }

uint64_t GetLimit(const Limits& limits, const LimitRow& row) {
  return row.field.narrow != nullptr ? limits.*row.field.narrow : limits.*row.field.wide;
}

void SetLimit(Limits& limits, const LimitRow& row, uint64_t value) {
  RINGWAY_CHECK(IsValid(row, value));
  if (row.field.narrow != nullptr) {
    limits.*row.field.narrow = static_cast<uint32_t>(value);
  } else {
    limits.*row.field.wide = value;
  }
}

bool IsValid(const LimitRow& row, uint64_t value) {
  if (IsZeroValid(row.shape) && value == 0) return true;
  if (row.shape == Shape::kPowerOfTwo && !std::has_single_bit(value)) return false;
  return value >= row.min && value <= row.max;
}

std::string LimitText(const LimitRow& row, uint64_t value) {
  if (row.shape == Shape::kZeroMeansNever && value == 0) return "never";
  if (row.shape == Shape::kZeroMeansNoLimit && value == 0) return "no limit";
  return NotationText(row, value);
}

std::string RangeText(const LimitRow& row) {
  const std::string_view quote = row.notation == Notation::kCount ? "" : "\"";
  std::string range = Cat(quote, NotationText(row, row.min), quote, " to ", quote,
                          NotationText(row, row.max), quote);
  switch (row.shape) {
    case Shape::kAny:
      return range;
    case Shape::kZeroMeansNever:
      return Cat(range, ", or \"0s\" for never");
    case Shape::kZeroMeansNoLimit:
      return Cat(range, ", or 0 for no limit");
    case Shape::kPowerOfTwo:
      return Cat("a power of two from ", range);
  }
  return range;
}

}  // namespace ringway::config
