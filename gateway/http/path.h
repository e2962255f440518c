// SPDX-License-Identifier: Apache-2.0
//
// What the path of a request means: one normal form, which is matched, forwarded and looked up as
// a file; and the other readings that servers, proxies and frameworks are known to make of it.
// Where one of those would choose another route, whoever stands behind the gateway might see
// another path than the one that was checked, so the request is refused.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "gateway/http/status.h"

namespace ringway::http {

/// The longest path, in bytes, whose other readings are worked out; beyond it 414.
inline constexpr size_t kAmbiguousPathBytesMax = 4096;

/// How much work a path is.
enum class PathForm : uint8_t {
  kNormal,     ///< It is its own normal form, and everybody reads it so.
  kUnusual,    ///< It has a '%' or a dot segment: NormalizePath has to look.
  kAmbiguous,  ///< It has one of the forms that are read in different ways.
};

/// One pass over the path.
[[nodiscard]] PathForm FormOf(std::string_view path);

/// Writes the normal form of `path` (RFC 3986 6.2.2.2 and 6.2.2.3): escapes of unreserved
/// characters are decoded, then dot segments are removed; every other escape stays as it was sent,
/// the case of its digits too. It is never longer than what was sent, and its own normal form.
///
/// nullptr: `*normal` is set, a view of `out`. Else why not, of static storage: a '%' without two
/// hexadecimal digits, "%00", a backslash.
/// REQUIRES: `path` begins with '/', and `out` has room for it.
[[nodiscard]] const Refusal* NormalizePath(std::string_view path, std::span<char> out,
                                           std::string_view* normal);

/// What others make of a path. All of them decode unreserved characters first and remove dot
/// segments last.
enum class PathReading : uint8_t {
  kSlashesMerged,       ///< "//" is "/".
  kEncodedSlashes,      ///< The same, and "%2f" is "/".
  kParametersStripped,  ///< The same, and before that each segment ends at its first ';'.
  kBackslashes,         ///< As kEncodedSlashes, and "%5c" is "/", too.
  kEverythingTwice,     ///< All escapes decoded, twice; then parameters stripped, slashes merged.
};

inline constexpr std::array kPathReadings{
    PathReading::kSlashesMerged, PathReading::kEncodedSlashes,  PathReading::kParametersStripped,
    PathReading::kBackslashes,   PathReading::kEverythingTwice,
};

/// Writes what `reading` makes of a path, as it was sent, that NormalizePath took; returns a view
/// of `out`. REQUIRES: `out` has room for the path.
[[nodiscard]] std::string_view ReadPathAs(PathReading reading, std::string_view path,
                                          std::span<char> out);

/// The refusal that names the form of `path` that `reading` takes for something else.
[[nodiscard]] const Refusal& RefusalOf(PathReading reading, std::string_view path);

}  // namespace ringway::http
