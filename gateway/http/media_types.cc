// SPDX-License-Identifier: Apache-2.0
//
// A sorted table: built by sorting once, read by halving.
#include "gateway/http/media_types.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/http/bytes.h"

namespace ringway::http {
namespace {

struct BuiltIn {
  std::string_view extension;
  std::string_view media_type;
};

/// What a web page cannot do without: with the wrong one of these a browser refuses to run a module
/// or to compile a WebAssembly file. A source map is JSON (ECMA-426).
constexpr std::array<BuiltIn, 14> kBuiltIn = {{
    {"css", "text/css"},
    {"html", "text/html"},
    {"ico", "image/vnd.microsoft.icon"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript"},
    {"json", "application/json"},
    {"map", "application/json"},
    {"mjs", "text/javascript"},
    {"png", "image/png"},
    {"svg", "image/svg+xml"},
    {"txt", "text/plain"},
    {"wasm", "application/wasm"},
    {"webp", "image/webp"},
    {"woff2", "font/woff2"},
}};

constexpr std::string_view kTextPrefix = "text/";
constexpr std::string_view kCharset = "; charset=utf-8";
constexpr std::string_view kWhiteSpace = " \t\r\v\f";

/// Takes the next word of a line; empty: there is none.
std::string_view TakeWord(std::string_view* line) {
  line->remove_prefix(std::min(line->find_first_not_of(kWhiteSpace), line->size()));
  const std::string_view word = line->substr(0, line->find_first_of(kWhiteSpace));
  line->remove_prefix(word.size());
  return word;
}

/// type "/" subtype (RFC 9110 8.3.1), without parameters, and with room for a charset.
bool IsMediaType(std::string_view text) {
  const size_t slash = text.find('/');
  return slash != std::string_view::npos && IsAll(ByteClass::kToken, text.substr(0, slash)) &&
         IsAll(ByteClass::kToken, text.substr(slash + 1)) &&
         text.size() + kCharset.size() <= kMediaTypeBytesMax;
}

char Lower(char byte) {
  return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
}

/// What follows the last dot of the last segment; empty: no dot.
std::string_view ExtensionOf(std::string_view path) {
  const size_t mark = path.find_last_of("./");
  const bool has_dot = mark != std::string_view::npos && path[mark] == '.';
  return has_dot ? path.substr(mark + 1) : std::string_view();
}

}  // namespace

MediaTypes::MediaTypes(std::string_view mime_types_text) {
  std::string_view rest = mime_types_text.substr(0, kMediaTypesTextBytesMax);
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    AddLine(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  // Behind those of the system, so that these stay where both know an extension.
  for (const BuiltIn& one : kBuiltIn) Add(one.extension, one.media_type);
  std::stable_sort(entries_.begin(), entries_.end(), [](const Entry& left, const Entry& right) {
    return left.extension < right.extension;
  });
  entries_.erase(std::unique(entries_.begin(), entries_.end(),
                             [](const Entry& left, const Entry& right) {
                               return left.extension == right.extension;
                             }),
                 entries_.end());
  entries_.shrink_to_fit();
}

void MediaTypes::AddLine(std::string_view line) {
  const std::string_view media_type = TakeWord(&line);
  if (media_type.starts_with('#') || !IsMediaType(media_type)) return;
  while (entries_.size() < kMediaTypesMax) {
    const std::string_view extension = TakeWord(&line);
    if (extension.empty() || extension.starts_with('#')) return;
    if (extension.size() <= kExtensionBytesMax) Add(extension, media_type);
  }
}

void MediaTypes::Add(std::string_view extension, std::string_view media_type) {
  Entry entry{.extension = std::string(extension), .content_type = std::string(media_type)};
  std::transform(extension.begin(), extension.end(), entry.extension.begin(), Lower);
  const bool is_text = EqualsIgnoreCase(media_type.substr(0, kTextPrefix.size()), kTextPrefix);
  if (is_text) entry.content_type += kCharset;
  entries_.push_back(std::move(entry));
}

std::string_view MediaTypes::ForPath(std::string_view path) const {
  const std::string_view extension = ExtensionOf(path);
  if (extension.empty() || extension.size() > kExtensionBytesMax) return kUnknownMediaType;
  std::array<char, kExtensionBytesMax> lower;
  std::transform(extension.begin(), extension.end(), lower.begin(), Lower);
  const std::string_view wanted(lower.data(), extension.size());
  const auto found = std::lower_bound(
      entries_.begin(), entries_.end(), wanted,
      [](const Entry& entry, std::string_view text) { return entry.extension < text; });
  return found != entries_.end() && found->extension == wanted ? found->content_type
                                                               : kUnknownMediaType;
}

}  // namespace ringway::http
