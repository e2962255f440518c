// SPDX-License-Identifier: Apache-2.0
//
// Just enough of TOML's lexical rules to know strings and comments from all else. Up to the first
// mistake in a text both this and the library see the same strings; behind it the library looks
// ahead by some characters of the line, but does not read on.
#include "gateway/config/text_guard.h"

#include <optional>

#include "gateway/config/parse.h"
#include "gateway/config/text.h"

namespace ringway::config {
namespace {

class Guard {
 public:
  Guard(std::string_view text, Complaints& complaints) : text_(text), complaints_(complaints) {}

  GuardResult Run() {
    while (at_ < text_.size()) {
      if (Step() == GuardResult::kRefused) return GuardResult::kRefused;
    }
    return GuardResult::kReadable;
  }

  /// Where a string on several lines began that the text does not close. REQUIRES: Run.
  [[nodiscard]] std::optional<Place> Unclosed() const {
    return where_ == Where::kMultiLineString ? std::optional(opened_) : std::nullopt;
  }

 private:
  enum class Where : uint8_t { kPlain, kComment, kString, kMultiLineString };

  /// Looks at one character, or at the few that open, close or escape something.
  GuardResult Step() {
    const char c = text_[at_];
    if (c == '\n') {
      OnNewline();
      return GuardResult::kReadable;
    }
    switch (where_) {
      case Where::kPlain:
        return OnPlain(c);
      case Where::kComment:
        Advance(1);
        return GuardResult::kReadable;
      case Where::kString:
        OnString(c);
        return GuardResult::kReadable;
      case Where::kMultiLineString:
        return OnMultiLineString(c);
    }
    return GuardResult::kReadable;
  }

  void OnNewline() {
    ++at_;
    ++place_.line;
    place_.column = 1;
    dots_ = 0;
    if (where_ != Where::kMultiLineString) where_ = Where::kPlain;
  }

  GuardResult OnPlain(char c) {
    if (IsBeyondAscii(c)) return Refuse("a character beyond ASCII; expected it only in quotes");
    if (c == '.' && ++dots_ > kDotsPerLineMax) {
      return Refuse(Cat("more than ", kDotsPerLineMax, " dots in one line"));
    }
    if (c == '#') where_ = Where::kComment;
    if (c != '"' && c != '\'') {
      Advance(1);
      return GuardResult::kReadable;
    }
    quote_ = c;
    where_ = QuotesHere(3) == 3 ? Where::kMultiLineString : Where::kString;
    opened_ = place_;
    Advance(where_ == Where::kString ? 1 : 3);
    return GuardResult::kReadable;
  }

  void OnString(char c) {
    if (c == quote_) where_ = Where::kPlain;
    Advance(IsEscape(c) ? 2 : 1);
  }

  GuardResult OnMultiLineString(char c) {
    if (IsBeyondAscii(c)) {
      return Refuse("a character beyond ASCII; expected it only in strings on one line");
    }
    // A string may end with two quotes of its own in front of the three that close it.
    const size_t quotes = QuotesHere(5);
    if (quotes >= 3) where_ = Where::kPlain;
    Advance(quotes > 0 ? quotes : (IsEscape(c) ? 2 : 1));
    return GuardResult::kReadable;
  }

  /// A backslash that hides the next character; a newline is never hidden from the line count.
  [[nodiscard]] bool IsEscape(char c) const {
    return c == '\\' && quote_ == '"' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n' &&
           !IsBeyondAscii(text_[at_ + 1]);
  }

  [[nodiscard]] size_t QuotesHere(size_t count_max) const {
    size_t count = 0;
    while (count < count_max && at_ + count < text_.size() && text_[at_ + count] == quote_) ++count;
    return count;
  }

  static bool IsBeyondAscii(char c) { return static_cast<unsigned char>(c) >= 0x80; }

  /// Columns are code points: all bytes of UTF-8 but the continuations 10xxxxxx.
  void Advance(size_t bytes) {
    for (const size_t end = at_ + bytes; at_ < end; ++at_) {
      if ((static_cast<unsigned char>(text_[at_]) & 0xC0) != 0x80) ++place_.column;
    }
  }

  GuardResult Refuse(std::string_view what) {
    complaints_.Add(place_, Cat("not readable: ", what));
    return GuardResult::kRefused;
  }

  std::string_view text_;
  Complaints& complaints_;
  Place place_;
  Place opened_;  ///< of the last string
  size_t at_ = 0;
  size_t dots_ = 0;
  Where where_ = Where::kPlain;
  char quote_ = '"';
};

/// UTF-16 has a byte order mark, or a zero byte in the first letter, since TOML begins in ASCII.
bool IsUtf16(std::string_view text) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) return true;
  return text.size() >= 2 && (text[0] == '\0') != (text[1] == '\0');
}

}  // namespace

GuardResult GuardText(std::string_view text, Complaints& complaints) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.size() > kTextBytesMax) {
    complaints.Add({},
                   Cat("the text has ", text.size(), " bytes; expected at most ", kTextBytesMax));
    return GuardResult::kRefused;
  }
  if (IsUtf16(text)) {
    complaints.Add({}, "the text is UTF-16; expected UTF-8: have the editor save it as UTF-8");
    return GuardResult::kRefused;
  }
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return Guard(text, complaints).Run();
}

std::optional<Place> FindUnclosedString(std::string_view text) {
  Complaints ignored("");
  Guard guard(text, ignored);
  return guard.Run() == GuardResult::kReadable ? guard.Unclosed() : std::nullopt;
}

}  // namespace ringway::config
