// SPDX-License-Identifier: Apache-2.0
//
// A cursor over the value, and the grammar read off from top to bottom.
#include "gateway/http/extension_list.h"

#include "gateway/http/bytes.h"

namespace ringway::http {
namespace {

/// The steps that answer false have not found what they are named for.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  [[nodiscard]] bool AtEnd() const { return at_ == text_.size(); }

  /// The byte, and the white space around it.
  bool Pass(char byte) {
    PassSpace();
    if (AtEnd() || text_[at_] != byte) return false;
    ++at_;
    PassSpace();
    return true;
  }

  void PassSpace() {
    while (!AtEnd() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }

  bool PassToken() {
    const size_t begin = at_;
    at_ = SkipWhile(ByteClass::kToken, text_, begin);
    return at_ > begin;
  }

  /// `"` token `"`, each byte of which may have a backslash before it (RFC 9110 5.6.4).
  bool PassQuotedToken() {
    if (AtEnd() || text_[at_] != '"') return false;
    size_t bytes = 0;
    for (++at_; !AtEnd(); ++at_, ++bytes) {
      if (text_[at_] == '"') break;
      if (text_[at_] == '\\' && ++at_ == text_.size()) return false;
      if (!Is(ByteClass::kToken, text_[at_])) return false;
    }
    if (AtEnd()) return false;
    ++at_;
    return bytes > 0;
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

bool PassExtension(Cursor& cursor) {
  if (!cursor.PassToken()) return false;
  while (cursor.Pass(';')) {
    if (!cursor.PassToken()) return false;
    if (cursor.Pass('=') && !cursor.PassToken() && !cursor.PassQuotedToken()) return false;
  }
  return true;
}

}  // namespace

bool IsExtensionList(std::string_view value, size_t* count) {
  Cursor cursor(value);
  cursor.PassSpace();
  while (!cursor.AtEnd()) {
    if (cursor.Pass(',')) continue;
    if (!PassExtension(cursor)) return false;
    ++*count;
    cursor.PassSpace();
    if (!cursor.AtEnd() && !cursor.Pass(',')) return false;
  }
  return true;
}

}  // namespace ringway::http
