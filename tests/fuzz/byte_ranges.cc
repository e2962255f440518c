// SPDX-License-Identifier: Apache-2.0
//
// Fuzzes the Range field: what it resolves to lies in the file, and the answer that is made of it
// has the length that its head says.
//
// Input: the size of the file in decimal, a line end, and the value of the field.
#include "gateway/http/byte_ranges.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/http/backend_response.h"
#include "gateway/http/file_response.h"

namespace {

using ringway::http::ByteRange;
using ringway::http::ByteRanges;
using ringway::http::FileResponse;
using ringway::http::RangeResult;

/// The largest off_t.
constexpr uint64_t kFileBytesMax = std::numeric_limits<int64_t>::max();

uint64_t ReadSize(std::string_view digits) {
  uint64_t size = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9' || size > kFileBytesMax / 10 - 1) return kFileBytesMax;
    size = size * 10 + static_cast<uint64_t>(digit - '0');
  }
  return size;
}

void CheckRanges(const ByteRanges& ranges, uint64_t file_bytes) {
  RINGWAY_CHECK(ranges.count >= 1 && ranges.count <= ringway::http::kByteRangesMax);
  uint64_t sum = 0;
  for (const ByteRange& range : ranges.Kept()) {
    RINGWAY_CHECK(range.bytes >= 1 && range.bytes <= file_bytes);
    RINGWAY_CHECK(range.first <= file_bytes - range.bytes);
    sum += range.bytes;
  }
  RINGWAY_CHECK_OP(sum, <=, 2 * file_bytes);
}

/// What stands around the bytes of the file in an answer in parts.
uint64_t PartHeadsBytes(const FileResponse& response) {
  std::vector<char> out(ringway::http::kPartHeadBytesMax);
  uint64_t bytes = ringway::http::BuildLastBoundary(response, out);
  RINGWAY_CHECK(bytes > 0);
  for (size_t at = 0; at < response.ranges.size(); ++at) {
    const size_t head_bytes = ringway::http::BuildPartHead(response, at, out);
    RINGWAY_CHECK(head_bytes > 0);
    bytes += head_bytes;
  }
  return bytes;
}

void CheckAnswer(const ByteRanges& ranges, uint64_t file_bytes) {
  const FileResponse response{.status = ringway::http::Status::kPartialContent,
                              .content_type = "text/plain; charset=utf-8",
                              .file_bytes = file_bytes,
                              .entity_tag = "\"xyzzy\"",
                              .ranges = ranges.Kept()};
  std::vector<char> out(ringway::http::kFileHeadBytesMax);
  const size_t head_bytes = ringway::http::BuildFileHead(response, out);
  if (ranges.count > 1 && file_bytes > ringway::http::kBodyBytesMax) {
    RINGWAY_CHECK_OP(head_bytes, ==, 0);
    return;
  }
  RINGWAY_CHECK(head_bytes > 0);
  uint64_t body_bytes = ranges.count > 1 ? PartHeadsBytes(response) : 0;
  for (const ByteRange& range : ranges.Kept()) body_bytes += range.bytes;
  RINGWAY_CHECK_OP(ringway::http::FileBodyBytes(response), ==, body_bytes);
  const std::string line = "\r\nContent-Length: " + std::to_string(body_bytes) + "\r\n";
  RINGWAY_CHECK(std::string_view(out.data(), head_bytes).find(line) != std::string_view::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t input_bytes) {
  const uint8_t* const line_end = std::find(input, input + input_bytes, '\n');
  const uint64_t file_bytes = ReadSize(std::string(input, line_end));
  // A copy of its own size, so that a look beyond it is seen by the sanitizer.
  const std::vector<char> value(line_end == input + input_bytes ? line_end : line_end + 1,
                                input + input_bytes);
  ByteRanges ranges;
  const RangeResult result = ringway::http::ResolveByteRanges(
      {.value = {value.data(), value.size()}, .count = 1}, file_bytes, &ranges);
  if (result != RangeResult::kSatisfiable) {
    RINGWAY_CHECK_OP(ranges.count, ==, 0);
    return 0;
  }
  CheckRanges(ranges, file_bytes);
  CheckAnswer(ranges, file_bytes);
  return 0;
}
