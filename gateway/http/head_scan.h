// SPDX-License-Identifier: Apache-2.0
//
// The first look at a request head, before any parser: finds its lines and its end and refuses
// every byte over which two parsers could disagree (a folded line, a bare CR or LF, a space before
// a colon, a control byte). What has passed has one reading.
#pragma once

#include <cstddef>
#include <string_view>

#include "gateway/http/request_head.h"
#include "gateway/http/status.h"

namespace ringway::http {

/// Where the head lies. Offsets from the front of the bytes that were scanned.
struct HeadPlace {
  /// First byte of the request line: 2 behind an empty line, else 0.
  size_t begin = 0;
  /// Behind the blank line.
  size_t end = 0;
};

/// Scans from left to right and stops at the first error, so that more bytes never change an
/// answer other than kNeedMore. `bytes`, `head_bytes_max` and the result: as ParseRequestHead;
/// kWhole sets `*place`, kRefused `*refusal`.
///
/// A head that is kWhole has: a request line `token SP 1*VCHAR SP "HTTP/1.1"`; then at most
/// kHeaderFieldsMax lines `token ":" *( VCHAR / SP / HTAB / obs-text )`; each with CR LF at its end
/// and nowhere else (RFC 9112 2.2, 3, 5).
HeadResult ScanHead(std::string_view bytes, size_t head_bytes_max, HeadPlace* place,
                    Refusal* refusal);

}  // namespace ringway::http
