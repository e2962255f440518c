// SPDX-License-Identifier: Apache-2.0
//
// The first look at the head of a request or a response, before any parser: finds its lines and its
// end and refuses every byte over which two parsers could disagree (a folded line, a bare CR or LF,
// a space before a colon, a control byte). What has passed has one reading.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateway/http/request_head.h"
#include "gateway/http/status.h"

namespace ringway::http {

/// Where the head lies. Offsets from the front of the bytes that were scanned.
struct HeadPlace {
  /// First byte of the request line or status line: 2 behind an empty line, else 0.
  size_t begin = 0;
  /// Behind the blank line.
  size_t end = 0;
  /// Of a request's HTTP-version: 0 in "HTTP/1.0".
  uint8_t minor_version = 1;
};

/// Scans from left to right and stops at the first error, so that more bytes never change an
/// answer other than kNeedMore. `bytes`, `head_bytes_max` and the result: as ParseRequestHead;
/// kWhole sets `*place`, kRefused `*refusal`.
///
/// A head that is kWhole has: a request line `token SP 1*VCHAR SP "HTTP/1." DIGIT`; then at most
/// kHeaderFieldsMax lines `token ":" *( VCHAR / SP / HTAB / obs-text )`; each with CR LF at its end
/// and nowhere else (RFC 9112 2.2, 3, 5).
HeadResult ScanHead(std::string_view bytes, size_t head_bytes_max, HeadPlace* place,
                    Refusal* refusal);

/// The same for a response, whose first line is `"HTTP/1." ( "0" / "1" ) 1*SP 3DIGIT [ SP
/// *( VCHAR / SP / HTAB / obs-text ) ]` with a status of at least 100 (RFC 9112 4), and in front of
/// which there is no empty line. Its refusals are those of backend_refusals.h. A head all of whose
/// lines end with LF alone is good (RFC 9112 2.2), one with both kinds of end is not: whoever lets
/// a client's LF into a field would write the same.
HeadResult ScanResponseHead(std::string_view bytes, size_t head_bytes_max, HeadPlace* place,
                            Refusal* refusal);

}  // namespace ringway::http
