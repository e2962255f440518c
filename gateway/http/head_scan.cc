// SPDX-License-Identifier: Apache-2.0
//
// One pass over the bytes, line by line; each step either moves on, waits for more, or refuses.
#include "gateway/http/head_scan.h"

#include "gateway/http/backend_refusals.h"
#include "gateway/http/bytes.h"
#include "gateway/http/refusals.h"

namespace ringway::http {
namespace {

/// The first byte of a TLS record that carries a ClientHello (RFC 8446 5.1).
constexpr char kTlsHandshake = 0x16;
constexpr std::string_view kVersionPrefix = "HTTP/";
constexpr std::string_view kVersion = "HTTP/1.1";
constexpr std::string_view kVersionOfOld = "HTTP/1.0";
/// HTTP-version; "d" is a digit.
constexpr std::string_view kVersionForm = "HTTP/d.d";
constexpr std::string_view kStatusForm = "ddd";

/// What a scan says about lines that requests and responses have in common.
struct LineRefusals {
  Refusal carriage_return;
  Refusal line_feed;
  Refusal control_byte;
  Refusal folded_line;
  Refusal space_before_colon;
  Refusal without_colon;
  Refusal field_name;
  Refusal too_many_fields;
  Refusal head_too_long;
};

constexpr LineRefusals kRequestLines{
    .carriage_return = kBareCarriageReturn,
    .line_feed = kBareLineFeed,
    .control_byte = kControlByte,
    .folded_line = kFoldedLine,
    .space_before_colon = kSpaceBeforeColon,
    .without_colon = kFieldWithoutColon,
    .field_name = kFieldNameMalformed,
    .too_many_fields = kTooManyFields,
    .head_too_long = kHeadTooLong,
};

constexpr LineRefusals kResponseLines{
    .carriage_return = kBackendCarriageReturn,
    .line_feed = kBackendLineFeed,
    .control_byte = kBackendControlByte,
    .folded_line = kBackendFoldedLine,
    .space_before_colon = kBackendSpaceBeforeColon,
    .without_colon = kBackendWithoutColon,
    .field_name = kBackendFieldName,
    .too_many_fields = kBackendTooManyFields,
    .head_too_long = kBackendHeadTooLong,
};

bool IsDigit(char byte) { return byte >= '0' && byte <= '9'; }

/// HTTP-version of some number (RFC 9112 2.3): "HTTP/" DIGIT "." DIGIT.
bool IsVersion(std::string_view text) {
  return text.size() == kVersion.size() && text.starts_with(kVersionPrefix) && IsDigit(text[5]) &&
         text[6] == '.' && IsDigit(text[7]);
}

enum class FirstLine : uint8_t { kRequest, kStatus };

/// A cursor over the bytes that have come, up to the longest head. Every step function returns
/// false when the scan is over for now: refusal_ says whether for good.
class Scan {
 public:
  Scan(std::string_view window, FirstLine first_line)
      : window_(window),
        first_line_(first_line),
        words_(first_line == FirstLine::kRequest ? kRequestLines : kResponseLines) {}

  /// True: the blank line has been passed.
  bool Run(HeadPlace* place) {
    const bool is_request = first_line_ == FirstLine::kRequest;
    if (is_request && !SkipEmptyLine()) return false;
    place->begin = at_;
    if (is_request ? !PassRequestLine(&place->minor_version) : !PassStatusLine()) return false;
    for (size_t fields = 0;; ++fields) {
      if (AtEnd()) return false;
      if (AtLineEnd()) break;
      if (fields == kHeaderFieldsMax) return Refuse(words_.too_many_fields);
      if (!PassField()) return false;
    }
    if (!PassLineEnd()) return false;
    place->end = at_;
    return true;
  }

  /// nullptr: nothing is wrong so far.
  [[nodiscard]] const Refusal* Why() const { return refusal_; }

  [[nodiscard]] const Refusal& WhyTooLong() const { return words_.head_too_long; }

 private:
  [[nodiscard]] bool AtEnd() const { return at_ == window_.size(); }

  bool Refuse(const Refusal& why) {
    refusal_ = &why;
    return false;
  }

  /// For a byte that no rule of its place has a better word for.
  bool RefuseByte(const Refusal& otherwise) {
    const auto byte = static_cast<unsigned char>(window_[at_]);
    if (byte == '\n') return Refuse(line_feeds_alone_ ? otherwise : words_.line_feed);
    if (byte == '\r') {
      if (line_feeds_alone_) return Refuse(words_.carriage_return);
      // Whether it is bare, the next byte tells.
      if (at_ + 1 == window_.size()) return false;
      return Refuse(window_[at_ + 1] == '\n' ? otherwise : words_.carriage_return);
    }
    if (byte == 0x7f || (byte < 0x20 && byte != '\t')) return Refuse(words_.control_byte);
    return Refuse(otherwise);
  }

  /// Whether the byte begins what ends the lines of this head.
  [[nodiscard]] bool AtLineEnd() const { return window_[at_] == (line_feeds_alone_ ? '\n' : '\r'); }

  /// REQUIRES: AtLineEnd().
  bool PassLineEnd() {
    if (line_feeds_alone_) {
      ++at_;
      return true;
    }
    if (at_ + 1 == window_.size()) return false;
    if (window_[at_ + 1] != '\n') return Refuse(words_.carriage_return);
    at_ += 2;
    return true;
  }

  bool SkipEmptyLine() {
    if (AtEnd()) return false;
    return window_[0] == '\r' ? PassLineEnd() : true;
  }

  /// One word of the request line and the space behind it.
  bool PassWord(ByteClass which) {
    const size_t begin = at_;
    at_ = SkipWhile(which, window_, begin);
    if (AtEnd()) return false;
    if (window_[at_] != ' ' || at_ == begin) return RefuseRequestLine();
    ++at_;
    return true;
  }

  bool RefuseRequestLine() {
    const auto byte = static_cast<unsigned char>(window_[at_]);
    if (at_ == 0 && window_[0] == kTlsHandshake) return Refuse(kLooksLikeTls);
    return RefuseByte(byte >= 0x80 ? kRequestLineNotAscii : kRequestLineMalformed);
  }

  bool PassRequestLine(uint8_t* minor_version) {
    if (!PassWord(ByteClass::kToken) || !PassWord(ByteClass::kVisible)) return false;
    const size_t begin = at_;
    at_ = SkipWhile(ByteClass::kVisible, window_, begin);
    if (AtEnd()) return false;
    if (window_[at_] != '\r') return RefuseRequestLine();
    const std::string_view version = window_.substr(begin, at_ - begin);
    if (!PassLineEnd()) return false;
    if (!IsVersion(version)) return Refuse(kRequestLineMalformed);
    if (version[5] != '1') return Refuse(kVersionNotSupported);
    *minor_version = static_cast<uint8_t>(version[7] - '0');
    return true;
  }

  bool PassForm(std::string_view form) {
    for (const char wanted : form) {
      if (AtEnd()) return false;
      const char byte = window_[at_];
      if (wanted == 'd' ? !IsDigit(byte) : byte != wanted) return RefuseByte(kBackendStatusLine);
      ++at_;
    }
    return true;
  }

  /// HTTP-version 1*SP 3DIGIT [ SP [ reason-phrase ] ], wider than RFC 9112 4 in its spaces, since
  /// backends are, and nobody reads such a line in another way.
  bool PassStatusLine() {
    const size_t begin = at_;
    if (!PassForm(kVersionForm)) return false;
    const std::string_view version = window_.substr(begin, kVersion.size());
    if (version != kVersion && version != kVersionOfOld) return Refuse(kBackendVersion);
    if (!PassForm(" ")) return false;
    while (!AtEnd() && window_[at_] == ' ') ++at_;
    if (!PassForm(kStatusForm)) return false;
    // RFC 9110 15: below 100 there is no class that says how to read it.
    if (window_[at_ - kStatusForm.size()] == '0') return Refuse(kBackendStatusLine);
    if (AtEnd()) return false;
    if (window_[at_] == ' ') {
      at_ = SkipWhile(ByteClass::kValue, window_, at_);
      if (AtEnd()) return false;
    } else if (window_[at_] != '\r' && window_[at_] != '\n') {
      return RefuseByte(kBackendStatusLine);
    }
    line_feeds_alone_ = window_[at_] == '\n';
    return AtLineEnd() ? PassLineEnd() : RefuseByte(words_.control_byte);
  }

  bool PassField() {
    const size_t begin = at_;
    at_ = SkipWhile(ByteClass::kToken, window_, begin);
    if (AtEnd()) return false;
    if (window_[at_] != ':' || at_ == begin) return RefuseFieldName(begin);
    at_ = SkipWhile(ByteClass::kValue, window_, at_ + 1);
    if (AtEnd()) return false;
    return AtLineEnd() ? PassLineEnd() : RefuseByte(words_.control_byte);
  }

  bool RefuseFieldName(size_t begin) {
    const char byte = window_[at_];
    if (byte == ' ' || byte == '\t') {
      return Refuse(at_ == begin ? words_.folded_line : words_.space_before_colon);
    }
    return RefuseByte(AtLineEnd() ? words_.without_colon : words_.field_name);
  }

  std::string_view window_;
  FirstLine first_line_;
  const LineRefusals& words_;
  size_t at_ = 0;
  /// A response whose status line has ended so: every line of this head does.
  bool line_feeds_alone_ = false;
  const Refusal* refusal_ = nullptr;
};

HeadResult ScanLines(FirstLine first_line, std::string_view bytes, size_t head_bytes_max,
                     HeadPlace* place, Refusal* refusal) {
  Scan scan(bytes.substr(0, head_bytes_max), first_line);
  HeadPlace found;
  if (scan.Run(&found)) {
    *place = found;
    return HeadResult::kWhole;
  }
  if (scan.Why() == nullptr && bytes.size() < head_bytes_max) return HeadResult::kNeedMore;
  *refusal = scan.Why() != nullptr ? *scan.Why() : scan.WhyTooLong();
  return HeadResult::kRefused;
}

}  // namespace

HeadResult ScanHead(std::string_view bytes, size_t head_bytes_max, HeadPlace* place,
                    Refusal* refusal) {
  return ScanLines(FirstLine::kRequest, bytes, head_bytes_max, place, refusal);
}

HeadResult ScanResponseHead(std::string_view bytes, size_t head_bytes_max, HeadPlace* place,
                            Refusal* refusal) {
  return ScanLines(FirstLine::kStatus, bytes, head_bytes_max, place, refusal);
}

}  // namespace ringway::http
