// SPDX-License-Identifier: Apache-2.0
//
// A list of entity tags is not read by ListReader: a comma may stand inside the quotes.
#include "gateway/http/entity_tag.h"

#include "gateway/http/bytes.h"
#include "gateway/http/writer.h"

namespace ringway::http {
namespace {

constexpr std::string_view kWeakMark = "W/";

std::string_view SuffixOf(ContentCoding coding) {
  switch (coding) {
    case ContentCoding::kIdentity:
      return "";
    case ContentCoding::kGzip:
      return "-gz";
    case ContentCoding::kBrotli:
      return "-br";
  }
  return "";
}

/// etagc: a visible byte but the quote, or obs-text.
bool IsTagByte(char byte) {
  return byte != '"' && (Is(ByteClass::kVisible, byte) || static_cast<unsigned char>(byte) >= 0x80);
}

std::string_view WithoutWeakMark(std::string_view tag) {
  if (tag.starts_with(kWeakMark)) tag.remove_prefix(kWeakMark.size());
  return tag;
}

/// The bytes of the entity-tag at the front of `text`; 0: there is none.
size_t TagBytes(std::string_view text) {
  size_t at = text.starts_with(kWeakMark) ? kWeakMark.size() : 0;
  if (at == text.size() || text[at] != '"') return 0;
  do {
    ++at;
  } while (at < text.size() && IsTagByte(text[at]));
  return at < text.size() && text[at] == '"' ? at + 1 : 0;
}

/// Takes the next tag from the front of a list, and the empty elements before it. False: there is
/// none, or no list.
bool TakeTag(std::string_view* list, std::string_view* tag) {
  const size_t first = list->find_first_not_of(", \t");
  if (first == std::string_view::npos) return false;
  list->remove_prefix(first);
  const size_t tag_bytes = TagBytes(*list);
  if (tag_bytes == 0) return false;
  *tag = list->substr(0, tag_bytes);
  list->remove_prefix(tag_bytes);
  const size_t next = list->find_first_not_of(" \t");
  if (next != std::string_view::npos && (*list)[next] != ',') return false;
  list->remove_prefix(next == std::string_view::npos ? list->size() : next);
  return true;
}

}  // namespace

size_t BuildEntityTag(const FileVersion& version, ContentCoding coding, std::span<char> out) {
  Writer writer(out);
  writer.Text("\"").Hex(version.bytes).Text("-").Hex(static_cast<uint64_t>(version.modified_ns));
  writer.Text("-").Hex(static_cast<uint64_t>(version.changed_ns));
  return writer.Text(SuffixOf(coding)).Text("\"").Finish();
}

bool IsSameTag(std::string_view left, std::string_view right, TagComparison comparison) {
  if (comparison == TagComparison::kWeak) return WithoutWeakMark(left) == WithoutWeakMark(right);
  return left == right && !left.starts_with(kWeakMark);
}

bool NamesEntityTag(std::span<const std::string_view> values, std::string_view entity_tag,
                    TagComparison comparison) {
  if (values.size() == 1 && values[0] == "*") return true;
  for (std::string_view list : values) {
    std::string_view tag;
    while (TakeTag(&list, &tag)) {
      if (IsSameTag(tag, entity_tag, comparison)) return true;
    }
  }
  return false;
}

}  // namespace ringway::http
