// SPDX-License-Identifier: Apache-2.0
//
// The heads of the answers that a static route gives about a file: whole, in part or in parts,
// unchanged, and the two refusals that conditions and ranges lead to (RFC 9110 15).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "gateway/http/byte_ranges.h"
#include "gateway/http/content_coding.h"
#include "gateway/http/response_head.h"
#include "gateway/http/status.h"

namespace ringway::http {

/// The longest Cache-Control of a route.
inline constexpr size_t kCacheControlBytesMax = 128;
/// Every head fits whose Cache-Control and Content-Type keep their bounds.
inline constexpr size_t kFileHeadBytesMax = 768;
/// So does every head of a part, and the last boundary.
inline constexpr size_t kPartHeadBytesMax = 320;

/// Whether other clients get the same file in another coding.
enum class CodingChoice : uint8_t { kNone, kByAcceptEncoding };

/// Everything that an answer says. Of a compressed sibling size, time and tag are its own, while
/// the type is that of the file that it stands for.
struct FileResponse {
  /// kOk, kPartialContent, kNotModified, kPreconditionFailed or kRangeNotSatisfiable.
  Status status = Status::kOk;
  AfterAnswer after = AfterAnswer::kKeepOpen;
  /// The Date (RFC 9110 6.6.1), in seconds since 1970.
  int64_t now_s = 0;
  /// At most kMediaTypeBytesMax bytes.
  std::string_view content_type;
  uint64_t file_bytes = 0;
  /// The later of the file's own time and of that when it came to its name, or was changed there.
  int64_t last_modified_s = 0;
  /// As BuildEntityTag wrote it.
  std::string_view entity_tag;
  /// The route's; empty: no such field.
  std::string_view cache_control;
  ContentCoding coding = ContentCoding::kIdentity;
  CodingChoice coding_choice = CodingChoice::kNone;
  /// For kPartialContent, not empty: one makes a Content-Range, more make multipart/byteranges.
  std::span<const ByteRange> ranges;
  /// Drawn anew for each answer in parts, and not to be guessed: who can write the file could else
  /// put a boundary into it.
  uint64_t boundary = 0;
};

/// Bytes of the body that GET brings behind the head: of the file, of a part of it, of all parts
/// with their heads and the last boundary, or none.
[[nodiscard]] uint64_t FileBodyBytes(const FileResponse& response);

/// Writes the head, blank line included, and returns its bytes; 0: it does not fit, or the parts of
/// a file of more than kBodyBytesMax (backend_response.h) would have to be counted. The answer to
/// HEAD has the same head as that to GET.
///
/// - All: Date, `X-Content-Type-Options: nosniff` (Fetch 2.7: a browser believes the type, and
/// makes
///   no script of a text), and `Connection: close` where it ends; staying open says itself
///   (RFC 9112 9.3), but to HTTP/1.0.
/// - 200 and 206: Content-Type, Content-Length, Last-Modified, ETag, Accept-Ranges, Cache-Control,
///   Content-Encoding, Vary. A 206 says them all even after an If-Range, where RFC 9110 15.3.7
///   would rather save the bytes: clients that check them again are many, and none minds.
/// - 304: ETag, Cache-Control and Vary (15.4.5); no Last-Modified, as there is an ETag.
/// - 412 and 416: `Content-Length: 0`, and no Cache-Control: that is about the file. 416 says the
///   size of the file (15.5.17).
/// - In parts: the type and coding of the file stand in the heads of the parts, as those of the
///   whole are what multipart/byteranges says (14.6).
///
/// A file from the future is said to be from now (8.8.2.1); one from a year that no date can say
/// has no Last-Modified.
[[nodiscard]] size_t BuildFileHead(const FileResponse& response, std::span<char> out);

/// Writes what stands before the bytes of `ranges[range_index]` in an answer in parts (14.6), and
/// returns its bytes; 0: it does not fit.
[[nodiscard]] size_t BuildPartHead(const FileResponse& response, size_t range_index,
                                   std::span<char> out);

/// Writes what stands behind the last part.
[[nodiscard]] size_t BuildLastBoundary(const FileResponse& response, std::span<char> out);

}  // namespace ringway::http
