// SPDX-License-Identifier: Apache-2.0
//
// Any path that is percent-encoded comes back as it was, or is hidden for a reason that a slow
// reader sees too.
#include "gateway/http/file_path.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "tests/property/http/cuts.h"

namespace ringway::http {
namespace {

std::string Escape(char byte, Chance* chance) {
  const char* digits = chance->OneIn(2) ? "0123456789abcdef" : "0123456789ABCDEF";
  const auto value = static_cast<unsigned char>(byte);
  return {'%', digits[value >> 4], digits[value & 0xf]};
}

std::string Encode(const std::string& segment, Chance* chance) {
  std::string text;
  for (const char byte : segment) {
    if (byte == '%' || byte == '/' || chance->OneIn(3)) {
      text += Escape(byte, chance);
    } else {
      text += byte;
    }
  }
  return text;
}

std::string MakeSegment(Chance* chance) {
  if (chance->OneIn(100)) return std::string(250 + chance->Below(10), 'a');
  constexpr std::string_view kBytes = "ab.%2\xc3\xa4?";
  std::string segment(chance->OneIn(60) ? 0 : 1 + chance->Below(8), 'a');
  for (char& byte : segment) {
    byte = chance->OneIn(8) ? static_cast<char>(chance->Below(256))
                            : kBytes[chance->Below(kBytes.size())];
  }
  return segment;
}

bool IsHidden(const std::string& segment) {
  return segment.empty() || segment[0] == '.' || segment.size() > kFileNameBytesMax ||
         segment.find('/') != std::string::npos || segment.find('\0') != std::string::npos;
}

TEST(FilePath, ComesBackFromItsEncodingOrIsHidden) {
  size_t good = 0;
  for (uint32_t seed = 0; seed < 50000; ++seed) {
    Chance chance(seed);
    std::vector<std::string> segments(chance.Below(5));
    std::string path;
    std::string relative;
    for (std::string& segment : segments) {
      segment = MakeSegment(&chance);
      path.append("/").append(Encode(segment, &chance));
      relative.append(relative.empty() ? "" : "/").append(segment);
    }
    const bool slash_behind = segments.empty() || chance.OneIn(3);
    if (slash_behind) path += "/";
    bool hidden = std::any_of(segments.begin(), segments.end(), IsHidden);
    // One empty segment at the end is a slash behind the others.
    const bool ends_empty = !segments.empty() && segments.back().empty() && !slash_behind;
    if (ends_empty) {
      hidden = std::any_of(segments.begin(), segments.end() - 1, IsHidden);
      relative.resize(relative.size() - (relative.ends_with('/') ? 1 : 0));
    }
    std::array<char, kFilePathBytesMax> out;
    FilePath decoded;
    const FilePathResult result = DecodeFilePath(path, out, &decoded);
    ASSERT_EQ(result, hidden ? FilePathResult::kHidden : FilePathResult::kGood)
        << "seed " << seed << ": " << path;
    if (hidden) continue;
    ++good;
    ASSERT_EQ(decoded.relative, relative) << "seed " << seed;
    ASSERT_EQ(decoded.kind == FilePathKind::kDirectory, slash_behind || ends_empty)
        << "seed " << seed;
  }
  // Else the paths say nothing.
  EXPECT_GT(good, 10000U);
}

TEST(FilePath, IsMalformedExactlyWhereAnEscapeIsNotWhole) {
  for (uint32_t seed = 0; seed < 50000; ++seed) {
    Chance chance(seed);
    constexpr std::string_view kBytes = "%%%0aFg/.";
    std::string path = "/";
    for (size_t bytes = chance.Below(12); bytes > 0; --bytes) {
      path += kBytes[chance.Below(kBytes.size())];
    }
    bool whole = true;
    for (size_t at = 0; at < path.size(); ++at) {
      if (path[at] != '%') continue;
      const std::string digits = path.substr(at + 1, 2);
      whole &= digits.size() == 2 &&
               digits.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
      at += 2;
    }
    std::array<char, kFilePathBytesMax> out;
    FilePath decoded;
    ASSERT_EQ(DecodeFilePath(path, out, &decoded) != FilePathResult::kMalformed, whole)
        << "seed " << seed << ": " << path;
  }
}

}  // namespace
}  // namespace ringway::http
