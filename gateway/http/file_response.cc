// SPDX-License-Identifier: Apache-2.0
//
// Which fields go with which status, in one order.
#include "gateway/http/file_response.h"

#include <algorithm>
#include <array>

#include "gateway/base/check.h"
#include "gateway/http/backend_response.h"
#include "gateway/http/http_date.h"
#include "gateway/http/media_types.h"
#include "gateway/http/response_head.h"
#include "gateway/http/writer.h"

namespace ringway::http {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
/// Hexadecimal digits of 64 bits.
constexpr size_t kBoundaryBytes = 16;

bool IsInParts(const FileResponse& response) {
  return response.status == Status::kPartialContent && response.ranges.size() > 1;
}

/// Has the fields of the file: 200 and 206.
bool BringsTheFile(const FileResponse& response) {
  return response.status == Status::kOk || response.status == Status::kPartialContent;
}

/// Of fixed length, so that only the numbers and the type make heads of parts differ.
void WriteBoundary(const FileResponse& response, Writer& writer) {
  std::array<char, kBoundaryBytes> digits;
  for (size_t at = 0; at < digits.size(); ++at) {
    const uint64_t digit = response.boundary >> (4 * (digits.size() - 1 - at)) & 0xf;
    digits[at] = "0123456789abcdef"[digit];
  }
  writer.Text({digits.data(), digits.size()});
}

void WriteDate(std::string_view name, int64_t unix_s, Writer& writer) {
  std::array<char, kHttpDateBytes> date;
  const size_t date_bytes = BuildHttpDate(unix_s, date);
  if (date_bytes > 0) writer.Field(name, {date.data(), date_bytes});
}

void WriteCoding(const FileResponse& response, Writer& writer) {
  if (response.coding == ContentCoding::kGzip) writer.Field("Content-Encoding", "gzip");
  if (response.coding == ContentCoding::kBrotli) writer.Field("Content-Encoding", "br");
}

/// `Content-Range: bytes 0-4/10` (RFC 9110 14.4).
void WriteContentRange(const ByteRange& range, uint64_t file_bytes, Writer& writer) {
  writer.Text("Content-Range: bytes ").Number(range.first).Text("-");
  writer.Number(range.first + range.bytes - 1).Text("/").Number(file_bytes).Text(kLineEnd);
}

/// What says how the body is to be read: its type, its length, and where in the file it lies.
void WriteBodyFields(const FileResponse& response, Writer& writer) {
  if (response.status == Status::kNotModified) return;
  if (IsInParts(response)) {
    writer.Text("Content-Type: multipart/byteranges; boundary=");
    WriteBoundary(response, writer);
    writer.Text(kLineEnd);
  } else if (BringsTheFile(response)) {
    writer.Field("Content-Type", response.content_type);
    WriteCoding(response, writer);
  }
  writer.Text("Content-Length: ").Number(FileBodyBytes(response)).Text(kLineEnd);
  if (response.status == Status::kPartialContent && !IsInParts(response)) {
    WriteContentRange(response.ranges.front(), response.file_bytes, writer);
  }
  if (response.status == Status::kRangeNotSatisfiable) {
    writer.Text("Content-Range: bytes */").Number(response.file_bytes).Text(kLineEnd);
  }
}

/// What caches and later conditions go by.
void WriteFileFields(const FileResponse& response, Writer& writer) {
  if (BringsTheFile(response)) {
    WriteDate("Last-Modified", std::min(response.last_modified_s, response.now_s), writer);
    writer.Text("Accept-Ranges: bytes\r\n");
  }
  writer.Field("ETag", response.entity_tag);
  if (!response.cache_control.empty()) writer.Field("Cache-Control", response.cache_control);
  if (response.coding_choice == CodingChoice::kByAcceptEncoding) {
    writer.Field("Vary", "Accept-Encoding");
  }
}

uint64_t PartsBytes(const FileResponse& response) {
  // Written to be counted: an arithmetic of its own could be wrong.
  std::array<char, kPartHeadBytesMax> scratch;
  uint64_t bytes = BuildLastBoundary(response, scratch);
  for (size_t at = 0; at < response.ranges.size(); ++at) {
    const size_t head_bytes = BuildPartHead(response, at, scratch);
    RINGWAY_CHECK(head_bytes > 0);
    bytes += head_bytes + response.ranges[at].bytes;
  }
  return bytes;
}

}  // namespace

uint64_t FileBodyBytes(const FileResponse& response) {
  if (response.status == Status::kOk) return response.file_bytes;
  if (response.status != Status::kPartialContent) return 0;
  return IsInParts(response) ? PartsBytes(response) : response.ranges.front().bytes;
}

size_t BuildFileHead(const FileResponse& response, std::span<char> out) {
  RINGWAY_CHECK_OP(response.content_type.size(), <=, kMediaTypeBytesMax);
  RINGWAY_CHECK(response.status != Status::kPartialContent || !response.ranges.empty());
  if (IsInParts(response) && response.file_bytes > kBodyBytesMax) return 0;
  Writer writer(out);
  writer.Text("HTTP/1.1 ").Number(static_cast<uint64_t>(response.status)).Text(" ");
  writer.Text(ReasonPhrase(response.status)).Text(kLineEnd);
  WriteDate("Date", response.now_s, writer);
  writer.Field("X-Content-Type-Options", "nosniff");
  WriteBodyFields(response, writer);
  if (BringsTheFile(response) || response.status == Status::kNotModified) {
    WriteFileFields(response, writer);
  }
  writer.Text(ConnectionLine(response.after));
  return writer.Text(kLineEnd).Finish();
}

size_t BuildPartHead(const FileResponse& response, size_t range_index, std::span<char> out) {
  RINGWAY_CHECK_OP(range_index, <, response.ranges.size());
  Writer writer(out);
  // The line end before a boundary belongs to it (RFC 2046 5.1.1), and the first has none before.
  writer.Text(range_index == 0 ? "--" : "\r\n--");
  WriteBoundary(response, writer);
  writer.Text(kLineEnd).Field("Content-Type", response.content_type);
  WriteCoding(response, writer);
  WriteContentRange(response.ranges[range_index], response.file_bytes, writer);
  return writer.Text(kLineEnd).Finish();
}

size_t BuildLastBoundary(const FileResponse& response, std::span<char> out) {
  Writer writer(out);
  writer.Text("\r\n--");
  WriteBoundary(response, writer);
  return writer.Text("--\r\n").Finish();
}

}  // namespace ringway::http
