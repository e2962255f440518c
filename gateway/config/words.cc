// SPDX-License-Identifier: Apache-2.0
//
// Quotes, edit distance (optimal string alignment) and the hint made of it.
#include "gateway/config/words.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "gateway/config/text.h"

namespace ringway::config {
namespace {

constexpr size_t kQuotedBytesMax = 60;
/// A list of more words is not read by anybody.
constexpr size_t kListedMax = 20;

/// One mistake in three letters is still a slip; in a word of one or two letters only its case is.
size_t SlipsAllowed(std::string_view word) { return std::min<size_t>(word.size() / 3, 3); }

/// Printable ASCII as it is; all else, the quote and the backslash as C writes them.
std::string Escaped(std::string_view text) {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (absl::ascii_isprint(byte)) {
      out += c;
    } else {
      out += {'\\', 'x', kHexDigits[byte >> 4], kHexDigits[byte & 15]};
    }
  }
  return out;
}

}  // namespace

std::string Quoted(std::string_view text) {
  const std::string_view shown = text.substr(0, kQuotedBytesMax);
  return Cat("\"", Escaped(shown), shown.size() < text.size() ? "..." : "", "\"");
}

size_t EditDistance(std::string_view left, std::string_view right) {
  const std::string a = ToLower(left.substr(0, kComparedBytesMax));
  const std::string b = ToLower(right.substr(0, kComparedBytesMax));
  using Row = std::array<size_t, kComparedBytesMax + 1>;
  Row before_last{};
  Row last{};
  Row row{};
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    before_last = last;
    last = row;
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, substituted});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::optional<std::string_view> Nearest(std::string_view word,
                                        std::span<const std::string_view> valid) {
  std::optional<std::string_view> nearest;
  size_t nearest_distance = SlipsAllowed(word) + 1;
  for (const std::string_view candidate : valid) {
    const size_t distance = EditDistance(word, candidate);
    if (distance >= nearest_distance) continue;
    nearest = candidate;
    nearest_distance = distance;
  }
  return nearest;
}

std::string DidYouMean(std::string_view word, std::span<const std::string_view> valid) {
  const auto nearest = Nearest(word, valid);
  return nearest ? Cat("; did you mean ", Quoted(*nearest), "?") : "";
}

std::string OneOf(std::span<const std::string_view> valid) {
  std::string list = valid.size() > 1 ? "one of " : "";
  for (size_t i = 0; i < valid.size(); ++i) {
    if (i == kListedMax) return list + ", ...";
    list += Cat(i > 0 ? ", " : "", Quoted(valid[i]));
  }
  return list;
}

std::string Hint(std::string_view word, std::span<const std::string_view> valid) {
  if (valid.empty()) return "";
  const std::string suggestion = DidYouMean(word, valid);
  return suggestion.empty() ? Cat("; expected ", OneOf(valid)) : suggestion;
}

}  // namespace ringway::config
