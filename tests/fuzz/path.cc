// SPDX-License-Identifier: Apache-2.0
//
// Fuzzes what the path of a request means: its normal form is its own normal form and has no
// segment that goes up; no reading of it is longer than what was sent, or leaves a dot segment.
//
// Input: a path.
#include "gateway/http/path.h"

#include <cstdint>
#include <string_view>
#include <vector>

#include "gateway/base/check.h"

namespace {

using ringway::http::FormOf;
using ringway::http::kPathReadings;
using ringway::http::NormalizePath;
using ringway::http::PathForm;
using ringway::http::PathReading;
using ringway::http::ReadPathAs;

void CheckNoDotSegment(std::string_view path) {
  RINGWAY_CHECK(path.starts_with('/'));
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    RINGWAY_CHECK(segment != "." && segment != "..");
    path.remove_prefix(segment.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t input_bytes) {
  if (input_bytes == 0 || input[0] != '/') return 0;
  // Buffers of their own size, so that a look beyond them is seen by the sanitizer.
  const std::vector<char> bytes(input, input + input_bytes);
  const std::string_view path(bytes.data(), bytes.size());
  std::vector<char> out(path.size());
  std::string_view normal;
  if (NormalizePath(path, out, &normal) != nullptr) {
    RINGWAY_CHECK(FormOf(path) != PathForm::kNormal);
    return 0;
  }
  CheckNoDotSegment(normal);
  if (FormOf(path) == PathForm::kNormal) RINGWAY_CHECK(normal == path);

  // Decoding brings no form that the first look has not seen.
  if (FormOf(normal) == PathForm::kAmbiguous) RINGWAY_CHECK(FormOf(path) == PathForm::kAmbiguous);

  std::vector<char> again_out(normal.size());
  std::string_view again;
  RINGWAY_CHECK(NormalizePath(normal, again_out, &again) == nullptr && again == normal);

  for (const PathReading reading : kPathReadings) {
    std::vector<char> other_out(path.size());
    const std::string_view other = ReadPathAs(reading, path, other_out);
    RINGWAY_CHECK(other.find("//") == std::string_view::npos);
    CheckNoDotSegment(other);
    // Where nobody reads the path differently they all agree.
    if (FormOf(path) != PathForm::kAmbiguous && reading != PathReading::kEverythingTwice) {
      RINGWAY_CHECK(other == normal);
    }
  }
  return 0;
}
