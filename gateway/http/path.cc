// SPDX-License-Identifier: Apache-2.0
//
// Each reading is a chain of steps over one buffer, none of which makes the text longer.
#include "gateway/http/path.h"

#include <algorithm>

#include "gateway/base/check.h"
#include "gateway/http/bytes.h"
#include "gateway/http/path_refusals.h"

namespace ringway::http {
namespace {

/// RFC 3986 2.3.
bool IsUnreserved(char byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
         (byte >= 'A' && byte <= 'Z') || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

// ---- Steps: each takes text and returns how many bytes of it are left, from its begin on
// ---------

/// Replaces each escape whose value `decodes` by that value. What stands alone as '%' stays.
template <typename Decodes>
size_t Decode(std::span<char> text, Decodes&& decodes) {
  size_t used = 0;
  for (size_t at = 0; at < text.size();) {
    const std::string_view rest(text.data() + at, text.size() - at);
    if (BeginsWithEscape(rest) && decodes(ValueOfEscape(rest))) {
      text[used++] = ValueOfEscape(rest);
      at += kEscapeBytes;
    } else {
      text[used++] = text[at++];
    }
  }
  return used;
}

/// "/a;b/c" -> "/a/c".
size_t StripParameters(std::span<char> text) {
  size_t used = 0;
  bool strips = false;
  for (const char byte : text) {
    if (byte == '/') strips = false;
    if (byte == ';') strips = true;
    if (!strips) text[used++] = byte;
  }
  return used;
}

size_t MergeSlashes(std::span<char> text) {
  return static_cast<size_t>(
      std::unique(text.begin(), text.end(),
                  [](char left, char right) { return left == '/' && right == '/'; }) -
      text.begin());
}

/// What is left of the first `used` bytes without their last segment.
size_t WithoutLastSegment(std::span<const char> text, size_t used) {
  while (used > 0 && text[used - 1] != '/') --used;
  return used > 0 ? used - 1 : 0;
}

/// RFC 3986 5.2.4, of a path that begins with '/'.
size_t RemoveDotSegments(std::span<char> text) {
  size_t used = 0;
  for (size_t at = 0; at < text.size();) {
    const std::string_view rest(text.data() + at, text.size() - at);
    const size_t slash = rest.find('/', 1);
    const std::string_view segment = rest.substr(0, slash);  // with the slash in front of it
    at += segment.size();
    if (segment == "/..") used = WithoutLastSegment(text, used);
    if (segment == "/." || segment == "/..") {
      if (at == text.size()) text[used++] = '/';
      continue;
    }
    std::copy(segment.begin(), segment.end(), text.begin() + static_cast<ptrdiff_t>(used));
    used += segment.size();
  }
  return used;
}

bool IsSlash(char byte) { return byte == '/'; }

/// Whether the text has an escape whose value is `byte`, in either case of its digits.
bool HasEscapeOf(std::string_view text, char byte) {
  for (size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    const std::string_view rest = text.substr(at);
    if (BeginsWithEscape(rest) && ValueOfEscape(rest) == byte) return true;
  }
  return false;
}

/// Takes a hexadecimal digit from the front, which may itself be written as an escape.
bool TakeHexDigit(std::string_view* text) {
  if (!text->empty() && Is(ByteClass::kHex, text->front())) {
    text->remove_prefix(1);
    return true;
  }
  if (!BeginsWithEscape(*text) || !Is(ByteClass::kHex, ValueOfEscape(*text))) return false;
  text->remove_prefix(kEscapeBytes);
  return true;
}

/// Whether `text` at a '%' is one of the forms that others read differently: what divides or ends a
/// segment, what stands for itself in a path as well (RFC 3986 3.3), and an escape of an escape.
bool IsAmbiguousEscape(std::string_view text) {
  if (!BeginsWithEscape(text)) return false;
  const char value = ValueOfEscape(text);
  if (value == '\0') return false;
  if (std::string_view("/\\;!$&'()*+,:=@").find(value) != std::string_view::npos) return true;
  if (value != '%') return false;
  text.remove_prefix(kEscapeBytes);
  return TakeHexDigit(&text) && TakeHexDigit(&text);
}

}  // namespace

PathForm FormOf(std::string_view path) {
  PathForm form = PathForm::kNormal;
  for (size_t at = 0; at < path.size(); ++at) {
    const char byte = path[at];
    // Most bytes are none of these.
    if (byte != '/' && byte != '%' && byte != ';' && byte != '\\') continue;
    const std::string_view rest = path.substr(at);
    if (byte == ';' || rest.starts_with("//") || IsAmbiguousEscape(rest)) {
      return PathForm::kAmbiguous;
    }
    if (byte == '%' || byte == '\\' || rest.starts_with("/.")) form = PathForm::kUnusual;
  }
  return form;
}

const Refusal* NormalizePath(std::string_view path, std::span<char> out, std::string_view* normal) {
  RINGWAY_CHECK(path.starts_with('/'));
  RINGWAY_CHECK_OP(path.size(), <=, out.size());
  if (path.find('\\') != std::string_view::npos) return &kPathBackslash;
  for (size_t at = path.find('%'); at != std::string_view::npos; at = path.find('%', at + 1)) {
    const std::string_view rest = path.substr(at);
    if (!BeginsWithEscape(rest)) return &kPathEscapeMalformed;
    if (ValueOfEscape(rest) == '\0') return &kPathNul;
  }
  std::copy(path.begin(), path.end(), out.begin());
  const size_t decoded = Decode(out.first(path.size()), IsUnreserved);
  *normal = {out.data(), RemoveDotSegments(out.first(decoded))};
  return nullptr;
}

std::string_view ReadPathAs(PathReading reading, std::string_view path, std::span<char> out) {
  RINGWAY_CHECK_OP(path.size(), <=, out.size());
  std::copy(path.begin(), path.end(), out.begin());
  std::span<char> text = out.first(path.size());
  const auto all = [](char) { return true; };
  const auto backslash = [](char byte) { return byte == '\\'; };
  if (reading == PathReading::kEverythingTwice) {
    text = text.first(Decode(text, all));
    text = text.first(Decode(text, all));
    std::replace(text.begin(), text.end(), '\\', '/');
    text = text.first(StripParameters(text));
  } else {
    text = text.first(Decode(text, IsUnreserved));
    if (reading == PathReading::kParametersStripped) text = text.first(StripParameters(text));
    if (reading != PathReading::kSlashesMerged) text = text.first(Decode(text, IsSlash));
    if (reading == PathReading::kBackslashes) {
      text = text.first(Decode(text, backslash));
      std::replace(text.begin(), text.end(), '\\', '/');
    }
  }
  text = text.first(MergeSlashes(text));
  return {text.data(), RemoveDotSegments(text)};
}

const Refusal& RefusalOf(PathReading reading, std::string_view path) {
  switch (reading) {
    case PathReading::kSlashesMerged:
      break;
    case PathReading::kEncodedSlashes:
      return kPathEncodedSlash;
    case PathReading::kParametersStripped:
      return kPathParameters;
    case PathReading::kBackslashes:
      return kPathEncodedBackslash;
    case PathReading::kEverythingTwice:
      if (HasEscapeOf(path, '%')) return kPathEncodedTwice;
      return HasEscapeOf(path, ';') ? kPathEncodedParameters : kPathEncodedReserved;
  }
  return kPathEmptySegment;
}

}  // namespace ringway::http
