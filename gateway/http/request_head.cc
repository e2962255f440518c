// SPDX-License-Identifier: Apache-2.0
//
// Scan, parse, judge: our own scan of the bytes, then Boost.Beast's parser, then our own rules
// about the fields. Beast alone would unfold folded lines, take two Host fields or none, and let
// "Transfer-Encoding: gzip", "Content-Length: 5, 5" and targets with high-bit bytes pass.
//
// The one source that includes Beast.
#include "gateway/http/request_head.h"

#if defined(__GNUC__) && !defined(__clang__)
// With the sanitizers GCC 12 loses track of boost::optional's flag in basic_parser.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <algorithm>
#include <array>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <cstdint>

#include "gateway/http/bytes.h"
#include "gateway/http/head_scan.h"
#include "gateway/http/list_reader.h"
#include "gateway/http/refusals.h"
#include "gateway/http/target.h"

namespace ringway::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::beast::error_code;

bool ListsToken(std::string_view list, std::string_view token) {
  ListReader reader(list);
  std::string_view element;
  while (reader.Next(&element)) {
    if (EqualsIgnoreCase(element, token)) return true;
  }
  return false;
}

/// What the rules look at and no caller needs.
struct FieldCounts {
  size_t host = 0;
  size_t origin = 0;
  size_t content_length = 0;
  size_t transfer_encoding = 0;
  bool connection_close = false;
  bool connection_keep_alive = false;
  bool method_unknown = false;
  std::string_view sent_target;
  std::string_view content_length_value;
};

void Keep(std::string_view value, ListFields* fields) {
  if (fields->count < kListFieldsMax) fields->values[fields->count] = value;
  ++fields->count;
}

void KeepFirst(std::string_view value, std::string_view* kept, size_t* count) {
  if (*count == 0) *kept = value;
  ++*count;
}

void KeepFirst(std::string_view value, SingleField* field) {
  KeepFirst(value, &field->value, &field->count);
}

/// Notes where the parts of a head lie and copies nothing: Beast gets the whole head in one piece,
/// so its views point into the caller's bytes. (Those of a folded line would not; the scan has
/// refused it.)
class FieldCollector : public beast_http::basic_parser<true> {
 public:
  /// `read`: what Beast gets; `sent`: the same head as it came. They differ where `read` is a copy.
  FieldCollector(std::string_view read, std::string_view sent, RequestHead* head,
                 FieldCounts* counts)
      : read_(read), sent_(sent), head_(head), counts_(counts) {
    // The head only: a body is for the rules to refuse, with a reason of theirs.
    skip(true);
  }

 private:
  /// The same part of what was sent.
  [[nodiscard]] std::string_view Sent(boost::beast::string_view text) const {
    if (text.empty()) return {};
    return sent_.substr(static_cast<size_t>(text.data() - read_.data()), text.size());
  }

  void on_request_impl(beast_http::verb method, boost::beast::string_view method_text,
                       boost::beast::string_view target, int, error_code&) override {
    if (method == beast_http::verb::get) head_->method = Method::kGet;
    if (method == beast_http::verb::head) head_->method = Method::kHead;
    counts_->method_unknown = method == beast_http::verb::unknown;
    head_->method_text = Sent(method_text);
    counts_->sent_target = Sent(target);
  }

  void on_field_impl(beast_http::field name, boost::beast::string_view,
                     boost::beast::string_view value_text, error_code&) override {
    const std::string_view value = Sent(value_text);
    switch (name) {
      case beast_http::field::host:
        return KeepFirst(value, &head_->host, &counts_->host);
      case beast_http::field::origin:
        return KeepFirst(value, &head_->origin, &counts_->origin);
      case beast_http::field::content_length:
        return KeepFirst(value, &counts_->content_length_value, &counts_->content_length);
      case beast_http::field::sec_websocket_key:
        return KeepFirst(value, &head_->websocket_key, &head_->websocket_key_count);
      case beast_http::field::sec_websocket_version:
        return KeepFirst(value, &head_->websocket_version, &head_->websocket_version_count);
      case beast_http::field::sec_websocket_protocol:
        return Keep(value, &head_->subprotocols);
      case beast_http::field::sec_websocket_extensions:
        return Keep(value, &head_->extensions);
      case beast_http::field::transfer_encoding:
        ++counts_->transfer_encoding;
        return;
      case beast_http::field::connection:
        head_->connection_upgrade |= ListsToken(value, "upgrade");
        counts_->connection_close |= ListsToken(value, "close");
        counts_->connection_keep_alive |= ListsToken(value, "keep-alive");
        return;
      case beast_http::field::upgrade:
        head_->upgrade_to_websocket |= ListsToken(value, "websocket");
        return;
      case beast_http::field::accept_encoding:
        return Keep(value, &head_->accept_encoding);
      case beast_http::field::if_match:
        return Keep(value, &head_->if_match);
      case beast_http::field::if_none_match:
        return Keep(value, &head_->if_none_match);
      case beast_http::field::if_modified_since:
        return KeepFirst(value, &head_->if_modified_since);
      case beast_http::field::if_unmodified_since:
        return KeepFirst(value, &head_->if_unmodified_since);
      case beast_http::field::if_range:
        return KeepFirst(value, &head_->if_range);
      case beast_http::field::range:
        return KeepFirst(value, &head_->range);
      case beast_http::field::user_agent:
        head_->user_agent = value;
        return;
      default:
        return;
    }
  }

  // The rest of the interface is about responses and bodies, which never come here.
  void on_response_impl(int, boost::beast::string_view, int, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<uint64_t>&, error_code&) override {}
  size_t on_body_impl(boost::beast::string_view body, error_code&) override { return body.size(); }
  void on_chunk_header_impl(uint64_t, boost::beast::string_view, error_code&) override {}
  size_t on_chunk_body_impl(uint64_t, boost::beast::string_view body, error_code&) override {
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

  std::string_view read_;
  std::string_view sent_;
  RequestHead* head_;
  FieldCounts* counts_;
};

/// The scan has left Beast little to refuse: the values of the three fields that it reads itself.
const Refusal* WhyRefusedByBeast(const error_code& error) {
  if (error == beast_http::error::bad_content_length) return &kContentLengthMalformed;
  if (error == beast_http::error::bad_transfer_encoding) return &kTransferEncoding;
  if (error == beast_http::error::bad_value) return &kConnectionMalformed;
  return &kHeadMalformed;
}

const Refusal* ParseCopy(std::string_view bytes, std::string_view sent, RequestHead* head,
                         FieldCounts* counts) {
  FieldCollector parser(bytes, sent, head, counts);
  parser.header_limit(static_cast<uint32_t>(bytes.size()));
  error_code error;
  const size_t used = parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
  if (error) return WhyRefusedByBeast(error);
  return used == bytes.size() ? nullptr : &kHeadMalformed;
}

/// The longest head that is copied to be read: what a configuration permits at most.
constexpr size_t kCopiedHeadBytesMax = 16 * 1024;

/// RFC 9110 2.5: a request of a later minor version is read as one of HTTP/1.1. Beast knows none,
/// so it gets a copy that says 1.1.
const Refusal* ParseLater(std::string_view sent, RequestHead* head, FieldCounts* counts) {
  if (sent.size() > kCopiedHeadBytesMax) return &kHeadTooLong;
  std::array<char, kCopiedHeadBytesMax> copy;
  std::copy(sent.begin(), sent.end(), copy.begin());
  copy[sent.find("\r\n") - 1] = '1';
  return ParseCopy({copy.data(), sent.size()}, sent, head, counts);
}

const Refusal* ParseFields(std::string_view bytes, RequestHead* head, FieldCounts* counts) {
  return head->minor_version > 1 ? ParseLater(bytes, head, counts)
                                 : ParseCopy(bytes, bytes, head, counts);
}

/// RFC 9112 6: how a body would be framed must not be a matter of opinion, and nobody reads it.
const Refusal* JudgeBody(const FieldCounts& counts, RequestHead* head) {
  if (counts.content_length > 1) return &kContentLengthRepeated;
  const std::string_view length = counts.content_length_value;
  // Beast takes a list of equal numbers for one number.
  if (length.find(',') != std::string_view::npos) return &kContentLengthMalformed;
  const bool has_length = length.find_first_not_of('0') != std::string_view::npos;
  head->has_body = has_length || counts.transfer_encoding > 0;
  if (head->method == Method::kOther) return nullptr;
  if (counts.transfer_encoding > 0) return &kTransferEncoding;
  return has_length ? &kBodyNotAccepted : nullptr;
}

const Refusal* Judge(const FieldCounts& counts, RequestHead* head) {
  if (counts.method_unknown) return &kMethodUnknown;
  const bool is_old = head->minor_version == 0;
  if (counts.host == 0 && !is_old) return &kHostMissing;
  if (counts.host > 1) return &kHostRepeated;
  if (counts.host == 1 && !IsHost(head->host)) return &kHostMalformed;
  Target target;
  if (const Refusal* why = ReadTarget(counts.sent_target, &target)) return why;
  if (!target.host.empty()) head->host = target.host;
  head->path = target.path;
  head->query = target.query;
  head->has_query = target.has_query;
  if (counts.origin > 1) return &kOriginRepeated;
  head->has_origin = counts.origin == 1;
  if (const Refusal* why = JudgeBody(counts, head)) return why;
  if (is_old) head->connection_upgrade = head->upgrade_to_websocket = false;
  const bool stays = !counts.connection_close && (!is_old || counts.connection_keep_alive);
  head->keep_alive = stays && !head->has_body;
  return nullptr;
}

}  // namespace

HeadResult ParseRequestHead(std::string_view bytes, size_t head_bytes_max, RequestHead* head,
                            Refusal* refusal) {
  HeadPlace place;
  const HeadResult scanned = ScanHead(bytes, head_bytes_max, &place, refusal);
  if (scanned != HeadResult::kWhole) return scanned;
  RequestHead found;
  found.minor_version = place.minor_version;
  FieldCounts counts;
  const Refusal* why =
      ParseFields(bytes.substr(place.begin, place.end - place.begin), &found, &counts);
  if (why == nullptr) why = Judge(counts, &found);
  if (why != nullptr) {
    *refusal = *why;
    return HeadResult::kRefused;
  }
  found.head_bytes = place.end;
  *head = found;
  return HeadResult::kWhole;
}

}  // namespace ringway::http
