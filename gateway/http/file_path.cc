// SPDX-License-Identifier: Apache-2.0
//
// Segment by segment: the slashes that divide are found before anything is decoded, so that an
// encoded one can never divide.
#include "gateway/http/file_path.h"

#include "gateway/http/bytes.h"

namespace ringway::http {
namespace {

bool EscapesAreWhole(std::string_view path) {
  for (size_t at = path.find('%'); at != std::string_view::npos; at = path.find('%', at)) {
    const std::string_view digits = path.substr(at + 1, kEscapeBytes - 1);
    if (digits.size() < kEscapeBytes - 1 || !IsAll(ByteClass::kHex, digits)) return false;
    at += kEscapeBytes;
  }
  return true;
}

/// The byte at the front of `text`, which it takes away. REQUIRES: not empty, escapes are whole.
char TakeByte(std::string_view* text) {
  if (text->front() != '%') {
    const char byte = text->front();
    text->remove_prefix(1);
    return byte;
  }
  const char value = ValueOfEscape(*text);
  text->remove_prefix(kEscapeBytes);
  return value;
}

/// The bytes of the decoded segment; 0: it is empty, does not fit, or is not to be seen.
size_t DecodeSegment(std::string_view segment, std::span<char> out) {
  size_t used = 0;
  while (!segment.empty()) {
    const char byte = TakeByte(&segment);
    if (byte == '\0' || byte == '/' || (byte == '.' && used == 0)) return 0;
    if (used == out.size() || used == kFileNameBytesMax) return 0;
    out[used++] = byte;
  }
  return used;
}

}  // namespace

FilePathResult DecodeFilePath(std::string_view path, std::span<char> out, FilePath* file_path) {
  if (!EscapesAreWhole(path)) return FilePathResult::kMalformed;
  FilePathKind kind = FilePathKind::kDirectory;
  size_t used = 0;
  while (path.starts_with('/') && path.size() > 1) {
    path.remove_prefix(1);
    if (used > 0) {
      if (used == out.size()) return FilePathResult::kHidden;
      out[used++] = '/';
    }
    const size_t segment_bytes = path.find('/');
    const size_t decoded_bytes = DecodeSegment(path.substr(0, segment_bytes), out.subspan(used));
    if (decoded_bytes == 0) return FilePathResult::kHidden;
    used += decoded_bytes;
    path.remove_prefix(segment_bytes == std::string_view::npos ? path.size() : segment_bytes);
    if (path.empty()) kind = FilePathKind::kFile;
  }
  if (path != "/" && kind == FilePathKind::kDirectory) return FilePathResult::kHidden;
  *file_path = {.relative = {out.data(), used}, .kind = kind};
  return FilePathResult::kGood;
}

}  // namespace ringway::http
