// SPDX-License-Identifier: Apache-2.0
//
// Fuzzes the way from the path of a request to that of a file: what comes out never leaves the root
// and never names what is hidden, and is found again when it is encoded and decoded once more.
//
// Input: a path.
#include "gateway/http/file_path.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/check.h"

namespace {

using ringway::http::FilePath;
using ringway::http::FilePathKind;
using ringway::http::FilePathResult;
using ringway::http::kFileNameBytesMax;
using ringway::http::kFilePathBytesMax;

void CheckSegment(std::string_view segment) {
  RINGWAY_CHECK(!segment.empty() && segment.size() <= kFileNameBytesMax);
  RINGWAY_CHECK(!segment.starts_with('.'));
  RINGWAY_CHECK(segment.find('\0') == std::string_view::npos);
}

void CheckRelative(const FilePath& decoded) {
  RINGWAY_CHECK(!decoded.relative.empty() || decoded.kind == FilePathKind::kDirectory);
  RINGWAY_CHECK(!decoded.relative.starts_with('/') && !decoded.relative.ends_with('/'));
  std::string_view rest = decoded.relative;
  while (!rest.empty()) {
    const std::string_view segment = rest.substr(0, rest.find('/'));
    CheckSegment(segment);
    rest.remove_prefix(segment.size() == rest.size() ? rest.size() : segment.size() + 1);
  }
}

/// Every byte but the slashes in its escape.
std::string Encode(const FilePath& decoded) {
  std::string path = "/";
  for (const char byte : decoded.relative) {
    const auto value = static_cast<unsigned char>(byte);
    if (byte == '/') {
      path += byte;
    } else {
      path += {'%', "0123456789abcdef"[value >> 4], "0123456789ABCDEF"[value & 0xf]};
    }
  }
  if (decoded.kind == FilePathKind::kDirectory && path != "/") path += '/';
  return path;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t input_bytes) {
  // A copy of its own size, so that a look beyond it is seen by the sanitizer.
  const std::vector<char> path(input, input + input_bytes);
  std::vector<char> out(kFilePathBytesMax);
  FilePath decoded;
  const FilePathResult result =
      ringway::http::DecodeFilePath({path.data(), path.size()}, out, &decoded);
  if (result != FilePathResult::kGood) return 0;
  RINGWAY_CHECK_OP(decoded.relative.size(), <=, path.size());
  CheckRelative(decoded);

  std::vector<char> exact(decoded.relative.size());
  FilePath again;
  RINGWAY_CHECK(ringway::http::DecodeFilePath(Encode(decoded), exact, &again) ==
                FilePathResult::kGood);
  RINGWAY_CHECK(again.relative == decoded.relative && again.kind == decoded.kind);
  // A room that is too small is never overrun.
  if (exact.empty()) return 0;
  exact.resize(exact.size() - 1);
  exact.shrink_to_fit();
  RINGWAY_CHECK(ringway::http::DecodeFilePath(Encode(decoded), exact, &again) ==
                FilePathResult::kHidden);
  return 0;
}
