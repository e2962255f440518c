// SPDX-License-Identifier: Apache-2.0
//
// Scan, collect, judge: the scan has shown that the head has one reading as lines, so what is left
// of parsing is to look at the fields that say something about the answer as a whole.
#include "gateway/http/backend_response.h"

#include <charconv>

#include "gateway/http/backend_refusals.h"
#include "gateway/http/bytes.h"
#include "gateway/http/field_reader.h"
#include "gateway/http/head_scan.h"
#include "gateway/http/list_reader.h"

namespace ringway::http {
namespace {

constexpr uint16_t kNoContent = 204;
constexpr uint16_t kNotModified = 304;
/// Places in `HTTP/1.1 200 OK`.
constexpr size_t kMinorAt = 7;
constexpr size_t kSpaceAt = 8;
constexpr size_t kStatusBytes = 3;

/// What the rules look at and no caller needs.
struct FramingFields {
  size_t length_count = 0;
  bool lengths_differ = false;
  std::string_view length;
  size_t coding_count = 0;
  std::string_view coding;
  bool connection_close = false;
  bool connection_keep_alive = false;
  /// Among the elements of all Upgrade fields.
  bool upgrade_websocket = false;
  bool upgrade_others = false;
};

void KeepFirst(std::string_view value, std::string_view* kept, size_t* count) {
  if (*count == 0) *kept = value;
  ++*count;
}

void Keep(std::string_view value, ListFields* fields) {
  if (fields->count < kListFieldsMax) fields->values[fields->count] = value;
  ++fields->count;
}

/// HTTP-version 1*SP 3DIGIT [ SP [ reason-phrase ] ] and the line's end, as the scan let it
/// through.
void ReadStatusLine(std::string_view bytes, ResponseHead* head) {
  head->version_minor = bytes[kMinorAt] == '1' ? 1 : 0;
  std::string_view rest = bytes.substr(0, bytes.find_first_of("\r\n"));
  rest.remove_prefix(rest.find_first_not_of(' ', kSpaceAt));
  for (const char digit : rest.substr(0, kStatusBytes)) {
    head->status = static_cast<uint16_t>(head->status * 10 + (digit - '0'));
  }
  rest.remove_prefix(kStatusBytes);
  if (rest.starts_with(' ')) rest.remove_prefix(1);
  head->reason = rest;
}

// What is no token (`timeout=5`) is no option and names no field: it is passed over.
void ReadConnection(std::string_view list, ResponseHead* head, FramingFields* framing) {
  ListReader reader(list);
  std::string_view option;
  while (reader.Next(&option)) {
    framing->connection_close |= EqualsIgnoreCase(option, "close");
    framing->connection_keep_alive |= EqualsIgnoreCase(option, "keep-alive");
    head->connection_upgrade |= EqualsIgnoreCase(option, "upgrade");
  }
}

void ReadUpgrade(std::string_view list, FramingFields* framing) {
  ListReader reader(list);
  std::string_view protocol;
  while (reader.Next(&protocol)) {
    const bool is_websocket = EqualsIgnoreCase(protocol, "websocket");
    (is_websocket ? framing->upgrade_websocket : framing->upgrade_others) = true;
  }
}

void CollectFields(std::string_view bytes, ResponseHead* head, FramingFields* framing) {
  FieldReader reader(bytes);
  std::string_view name;
  std::string_view value;
  while (reader.Next(&name, &value)) {
    if (EqualsIgnoreCase(name, "Content-Length")) {
      KeepFirst(value, &framing->length, &framing->length_count);
      framing->lengths_differ |= value != framing->length;
    } else if (EqualsIgnoreCase(name, "Transfer-Encoding")) {
      KeepFirst(value, &framing->coding, &framing->coding_count);
    } else if (EqualsIgnoreCase(name, "Connection")) {
      ReadConnection(value, head, framing);
    } else if (EqualsIgnoreCase(name, "Upgrade")) {
      ReadUpgrade(value, framing);
    } else if (EqualsIgnoreCase(name, "Sec-WebSocket-Accept")) {
      KeepFirst(value, &head->websocket_accept, &head->websocket_accept_count);
    } else if (EqualsIgnoreCase(name, "Sec-WebSocket-Protocol")) {
      Keep(value, &head->subprotocols);
    } else if (EqualsIgnoreCase(name, "Sec-WebSocket-Extensions")) {
      Keep(value, &head->extensions);
    }
  }
}

bool ReadLength(std::string_view text, uint64_t* length) {
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, *length);
  return read.ec == std::errc() && read.ptr == end && *length <= kBodyBytesMax;
}

bool HasNoBody(uint16_t status) {
  return status < 200 || status == kNoContent || status == kNotModified;
}

/// RFC 9112 6.3, without its mercy for what could be a smuggled second response.
const Refusal* JudgeFraming(const FramingFields& framing, ResponseHead* head) {
  if (framing.length_count > 0 && framing.coding_count > 0) return &kBackendLengthAndCoding;
  if (framing.lengths_differ) return &kBackendLengthsDiffer;
  if (framing.coding_count > 0 &&
      (framing.coding_count > 1 || !EqualsIgnoreCase(framing.coding, "chunked") ||
       head->version_minor == 0)) {
    return &kBackendCoding;
  }
  head->has_content_length = framing.length_count > 0;
  if (head->has_content_length && !ReadLength(framing.length, &head->body_bytes)) {
    return &kBackendLength;
  }
  if (HasNoBody(head->status)) {
    head->framing = BodyFraming::kNone;
  } else if (framing.coding_count > 0) {
    head->framing = BodyFraming::kChunked;
  } else {
    head->framing = head->has_content_length ? BodyFraming::kLength : BodyFraming::kUntilClose;
  }
  return nullptr;
}

/// RFC 9112 9.3.
bool KeepsAlive(const FramingFields& framing, const ResponseHead& head) {
  if (framing.connection_close || head.framing == BodyFraming::kUntilClose) return false;
  return head.version_minor == 1 || framing.connection_keep_alive;
}

}  // namespace

HeadResult ParseResponseHead(std::string_view bytes, size_t head_bytes_max, ResponseHead* head,
                             Refusal* refusal) {
  HeadPlace place;
  const HeadResult scanned = ScanResponseHead(bytes, head_bytes_max, &place, refusal);
  if (scanned != HeadResult::kWhole) return scanned;
  ResponseHead found;
  FramingFields framing;
  const std::string_view own = bytes.substr(place.begin, place.end - place.begin);
  ReadStatusLine(own, &found);
  CollectFields(own, &found, &framing);
  if (const Refusal* why = JudgeFraming(framing, &found)) {
    *refusal = *why;
    return HeadResult::kRefused;
  }
  found.keep_alive = KeepsAlive(framing, found);
  found.upgrade_to_websocket = framing.upgrade_websocket && !framing.upgrade_others;
  found.head_bytes = place.end;
  *head = found;
  return HeadResult::kWhole;
}

}  // namespace ringway::http
