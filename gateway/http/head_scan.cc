// SPDX-License-Identifier: Apache-2.0
//
// One pass over the bytes, line by line; each step either moves on, waits for more, or refuses.
#include "gateway/http/head_scan.h"

#include "gateway/http/bytes.h"
#include "gateway/http/refusals.h"

namespace ringway::http {
namespace {

/// The first byte of a TLS record that carries a ClientHello (RFC 8446 5.1).
constexpr char kTlsHandshake = 0x16;
constexpr std::string_view kVersionPrefix = "HTTP/";
constexpr std::string_view kVersion = "HTTP/1.1";

bool IsDigit(char byte) { return byte >= '0' && byte <= '9'; }

/// HTTP-version of some number (RFC 9112 2.3): "HTTP/" DIGIT "." DIGIT.
bool IsVersion(std::string_view text) {
  return text.size() == kVersion.size() && text.starts_with(kVersionPrefix) && IsDigit(text[5]) &&
         text[6] == '.' && IsDigit(text[7]);
}

/// A cursor over the bytes that have come, up to the longest head. Every step function returns
/// false when the scan is over for now: refusal_ says whether for good.
class Scan {
 public:
  explicit Scan(std::string_view window) : window_(window) {}

  /// True: the blank line has been passed.
  bool Run(HeadPlace* place) {
    if (!SkipEmptyLine()) return false;
    place->begin = at_;
    if (!PassRequestLine()) return false;
    for (size_t fields = 0;; ++fields) {
      if (AtEnd()) return false;
      if (window_[at_] == '\r') break;
      if (fields == kHeaderFieldsMax) return Refuse(kTooManyFields);
      if (!PassField()) return false;
    }
    if (!PassLineEnd()) return false;
    place->end = at_;
    return true;
  }

  [[nodiscard]] const Refusal* Why() const { return refusal_; }

 private:
  [[nodiscard]] bool AtEnd() const { return at_ == window_.size(); }

  bool Refuse(const Refusal& why) {
    refusal_ = &why;
    return false;
  }

  /// For a byte that no rule of its place has a better word for.
  bool RefuseByte(const Refusal& otherwise) {
    const auto byte = static_cast<unsigned char>(window_[at_]);
    if (byte == '\n') return Refuse(kBareLineFeed);
    if (byte == '\r') {
      // Whether it is bare, the next byte tells.
      if (at_ + 1 == window_.size()) return false;
      return Refuse(window_[at_ + 1] == '\n' ? otherwise : kBareCarriageReturn);
    }
    if (byte == 0x7f || (byte < 0x20 && byte != '\t')) return Refuse(kControlByte);
    return Refuse(otherwise);
  }

  /// REQUIRES: window_[at_] == '\r'.
  bool PassLineEnd() {
    if (at_ + 1 == window_.size()) return false;
    if (window_[at_ + 1] != '\n') return Refuse(kBareCarriageReturn);
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

  bool PassRequestLine() {
    if (!PassWord(ByteClass::kToken) || !PassWord(ByteClass::kVisible)) return false;
    const size_t begin = at_;
    at_ = SkipWhile(ByteClass::kVisible, window_, begin);
    if (AtEnd()) return false;
    if (window_[at_] != '\r') return RefuseRequestLine();
    const std::string_view version = window_.substr(begin, at_ - begin);
    if (!PassLineEnd()) return false;
    if (version == kVersion) return true;
    return Refuse(IsVersion(version) ? kVersionNotSupported : kRequestLineMalformed);
  }

  bool PassField() {
    const size_t begin = at_;
    at_ = SkipWhile(ByteClass::kToken, window_, begin);
    if (AtEnd()) return false;
    if (window_[at_] != ':' || at_ == begin) return RefuseFieldName(begin);
    at_ = SkipWhile(ByteClass::kValue, window_, at_ + 1);
    if (AtEnd()) return false;
    if (window_[at_] != '\r') return RefuseByte(kControlByte);
    return PassLineEnd();
  }

  bool RefuseFieldName(size_t begin) {
    const char byte = window_[at_];
    if (byte == ' ' || byte == '\t') {
      return Refuse(at_ == begin ? kFoldedLine : kSpaceBeforeColon);
    }
    return RefuseByte(byte == '\r' ? kFieldWithoutColon : kFieldNameMalformed);
  }

  std::string_view window_;
  size_t at_ = 0;
  const Refusal* refusal_ = nullptr;
};

}  // namespace

HeadResult ScanHead(std::string_view bytes, size_t head_bytes_max, HeadPlace* place,
                    Refusal* refusal) {
  const std::string_view window = bytes.substr(0, head_bytes_max);
  Scan scan(window);
  HeadPlace found;
  if (scan.Run(&found)) {
    *place = found;
    return HeadResult::kWhole;
  }
  if (scan.Why() == nullptr && bytes.size() < head_bytes_max) return HeadResult::kNeedMore;
  *refusal = scan.Why() != nullptr ? *scan.Why() : kHeadTooLong;
  return HeadResult::kRefused;
}

}  // namespace ringway::http
