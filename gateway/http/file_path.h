// SPDX-License-Identifier: Apache-2.0
//
// From the path of a request to the path of a file beneath a route's root: percent-decoded once,
// and refused where two readers could see two different files in it, or where it names what is not
// to be seen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ringway::http {

/// The longest relative path: PATH_MAX without its NUL. A buffer of so many bytes never is the
/// reason for a kHidden that the kernel would not give too.
inline constexpr size_t kFilePathBytesMax = 4095;
/// The longest name in a folder (NAME_MAX).
inline constexpr size_t kFileNameBytesMax = 255;

/// Whether the path ended with a slash, and so asks for the folder's index.
enum class FilePathKind : uint8_t { kFile, kDirectory };

struct FilePath {
  /// Without a slash at either end, and never with two in a row; "" is the root itself, and always
  /// kDirectory. Points into the buffer that was given. Its bytes are any but NUL: it is no text.
  std::string_view relative;
  FilePathKind kind = FilePathKind::kFile;
};

enum class [[nodiscard]] FilePathResult : uint8_t{
    kGood,
    kMalformed,  ///< A '%' without two hexadecimal digits behind it (RFC 3986 2.1): 400.
    kHidden,     ///< A path that no file here has: 404, and no word about why.
};

/// Decodes `path`, the path of an origin-form target (RFC 9112 3.2.1) without its query.
///
/// kGood: `*file_path` is set.
/// kMalformed: before anything else, wherever the bad escape stands.
/// kHidden: `path` does not begin with '/'; a segment is empty, but for the one behind a last
/// slash; decoded, a segment holds NUL or '/', begins with '.' (so "." and ".." are among them), or
/// has more than kFileNameBytesMax bytes; or the whole does not fit into `out`.
///
/// What was decoded is not decoded again: "%252e" is a name of four bytes, "%2e".
FilePathResult DecodeFilePath(std::string_view path, std::span<char> out, FilePath* file_path);

}  // namespace ringway::http
