// SPDX-License-Identifier: Apache-2.0
//
// Which bytes of a file a Range field asks for (RFC 9110 14.1.2 and 14.2).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "gateway/http/single_field.h"

namespace ringway::http {

/// Ranges of one request; whoever asks for more gets the whole file, as RFC 9110 14.2 allows. Each
/// costs a part of the answer with a head of its own.
inline constexpr size_t kByteRangesMax = 16;
/// Ranges that may share a byte with another one; with more the whole file is sent (14.2). So no
/// answer brings more than twice the file and the heads of its parts.
inline constexpr size_t kOverlappingRangesMax = 2;

/// A part of a file, never empty, and never beyond its end.
struct ByteRange {
  uint64_t first = 0;
  uint64_t bytes = 0;

  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

/// In the order in which the client asked; not sorted, not joined.
struct ByteRanges {
  std::array<ByteRange, kByteRangesMax> ranges{};
  size_t count = 0;

  /// Lives as long as this, so a temporary has none.
  [[nodiscard]] std::span<const ByteRange> Kept() const& { return {ranges.data(), count}; }
  std::span<const ByteRange> Kept() const&& = delete;
};

enum class [[nodiscard]] RangeResult : uint8_t{
    kNone,           ///< The whole file, 200: as if there were no Range field.
    kSatisfiable,    ///< 206
    kUnsatisfiable,  ///< 416
};

/// Reads a Range field and resolves it against the size of the file.
///
/// kSatisfiable: `*resolved` has 1 to kByteRangesMax ranges; those that lie beyond the end are left
/// out, and one that begins in the file ends with it. Else `*resolved` is not written.
/// kUnsatisfiable: all of them lie beyond the end, or ask for the last 0 bytes.
/// kNone: no field, or two; another unit; anything that is not well-formed, among it a range that
/// ends before it begins; too many ranges, or too many that overlap. So is a suffix of an empty
/// file: it is satisfiable, but Content-Range cannot say "no bytes". A first byte of an empty file
/// is kUnsatisfiable.
///
/// A number of any length is well-formed; one beyond 64 bits is as good as the largest.
/// Whether the field is to be looked at is EvaluateIfRange's to say (preconditions.h).
RangeResult ResolveByteRanges(const SingleField& range, uint64_t file_bytes, ByteRanges* resolved);

}  // namespace ringway::http
