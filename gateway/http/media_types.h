// SPDX-License-Identifier: Apache-2.0
//
// What a file is, by its name: the Content-Type of each extension (RFC 9110 8.3), from the system's
// table and, where that has none, from a small one for what web pages are made of.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ringway::http {

/// The longest Content-Type of a file, its charset included: the longest registered type has 84, a
/// charset 15. It bounds the head of an answer.
inline constexpr size_t kMediaTypeBytesMax = 127;
/// The longest extension that is looked up.
inline constexpr size_t kExtensionBytesMax = 32;
/// How much of a system's table is read, and how many extensions are kept of it: Debian's has 74 KB
/// and 1,600.
inline constexpr size_t kMediaTypesTextBytesMax = 1024 * 1024;
inline constexpr size_t kMediaTypesMax = 16 * 1024;

/// For a file whose name says nothing (RFC 9110 8.3).
inline constexpr std::string_view kUnknownMediaType = "application/octet-stream";

/// Built once at start, the only place of this room that allocates; never changes afterwards, so
/// all workers may read one.
class MediaTypes {
 public:
  /// `mime_types_text`: what /etc/mime.types says, each line a type and its extensions, '#' begins
  /// a comment; "" where there is none. A line that is no such thing is skipped, since the file is
  /// not ours to complain about; so is what lies beyond the bounds above. Of an extension that
  /// comes twice the first type stays.
  explicit MediaTypes(std::string_view mime_types_text);

  /// A whole Content-Type, for the extension of the last segment of `path`: what follows its last
  /// dot, upper and lower case alike. Types of text are said to be UTF-8. Lives as long as this.
  [[nodiscard]] std::string_view ForPath(std::string_view path) const;

  /// Extensions that are known.
  [[nodiscard]] size_t Count() const { return entries_.size(); }

 private:
  struct Entry {
    std::string extension;  ///< in lower case
    std::string content_type;
  };

  /// The words of one line.
  void AddLine(std::string_view line);
  void Add(std::string_view extension, std::string_view media_type);

  /// Sorted by extension, each of them once.
  std::vector<Entry> entries_;
};

}  // namespace ringway::http
