// SPDX-License-Identifier: Apache-2.0
//
// Entity tags (RFC 9110 8.8.3): the one of a file, and whether a client's list names it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "gateway/http/content_coding.h"

namespace ringway::http {

/// What tells two contents of one file name apart. Of a compressed sibling its own values.
struct FileVersion {
  uint64_t bytes = 0;
  /// As fstat says them, since 1970. A program may set the first to what it likes; the second is
  /// the kernel's own, and moves with the content, the attributes and the names of the file.
  int64_t modified_ns = 0;
  int64_t changed_ns = 0;
};

/// Two quotes, three numbers of 16 digits, two hyphens, and "-gz".
inline constexpr size_t kEntityTagBytesMax = 55;

/// Writes a strong tag, quotes and all, and returns its bytes; 0: it does not fit. The coding is
/// part of it: two codings are two representations (8.8.3.3), even of one size and time.
///
/// It is as strong as the kernel's clock: two contents of one size have one tag only where both
/// came to their name within one tick of it (a few milliseconds) with one modification time. WHY
/// the time of change: builds that are reproducible, and copies that keep times, give two contents
/// one modification time; and the price is that a file that was only given other attributes, or
/// copied to another machine, has another tag there. WHY not the inode: it tells strangers of the
/// disk.
[[nodiscard]] size_t BuildEntityTag(const FileVersion& version, ContentCoding coding,
                                    std::span<char> out);

/// RFC 9110 8.8.3.2. kStrong: both are strong, and the same. kWeak: the same but for "W/".
enum class TagComparison : uint8_t { kStrong, kWeak };

/// REQUIRES: one of the two is well-formed.
[[nodiscard]] bool IsSameTag(std::string_view left, std::string_view right,
                             TagComparison comparison);

/// Whether the values of all If-Match or If-None-Match fields name `entity_tag`, which is that of a
/// file that exists. "*" alone names everything. What is not a tag ends its value: the tags before
/// it count, those behind it do not.
///
/// Looks at every byte at most three times, and makes no list.
[[nodiscard]] bool NamesEntityTag(std::span<const std::string_view> values,
                                  std::string_view entity_tag, TagComparison comparison);

}  // namespace ringway::http
