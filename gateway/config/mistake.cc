// SPDX-License-Identifier: Apache-2.0
//
// A walk over the value behind the first "=": strings, marks, and words that are neither.
#include "gateway/config/mistake.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "gateway/config/text.h"
#include "gateway/config/words.h"

namespace ringway::config {
namespace {

constexpr std::string_view kMarks = "[]{},= \t\r";

bool IsWord(std::string_view text) {
  return text == "true" || text == "false" || text == "inf" || text == "nan";
}

/// Numbers and dates, roughly: what is none of them has another letter, or a unit at its end.
bool IsNumber(std::string_view text) {
  const bool in_alphabet = std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isxdigit(c) ||
           std::string_view("xobTZ+-_.:").find(c) != std::string_view::npos;
  });
  return in_alphabet &&
         (absl::ascii_isdigit(text.front()) || text.front() == '-' || text.front() == '+') &&
         std::count(text.begin(), text.end(), '.') < 2;
}

/// The byte behind the string that begins at `begin`; npos: it is not closed in this line.
size_t EndOfString(std::string_view line, size_t begin) {
  const char quote = line[begin];
  for (size_t at = begin + 1; at < line.size(); ++at) {
    if (line[at] == '\\' && quote == '"') {
      ++at;
    } else if (line[at] == quote) {
      return at + 1;
    }
  }
  return std::string_view::npos;
}

uint32_t ColumnOf(std::string_view line, size_t at) {
  return 1 + static_cast<uint32_t>(std::count_if(line.begin(), line.begin() + at, [](char c) {
           return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
         }));
}

}  // namespace

std::optional<Mistake> FindMistake(std::string_view line) {
  const size_t equals = line.find('=');
  const size_t first = line.find_first_of("\"'#");
  if (equals == std::string_view::npos || first < equals) return std::nullopt;
  for (size_t at = equals + 1; at < line.size() && line[at] != '#';) {
    if (kMarks.find(line[at]) != std::string_view::npos) {
      ++at;
      continue;
    }
    const bool is_string = line[at] == '"' || line[at] == '\'';
    if (is_string && line.substr(at, 3) == std::string(3, line[at])) return std::nullopt;
    if (is_string) {
      const size_t end = EndOfString(line, at);
      if (end == std::string_view::npos) {
        return Mistake{ColumnOf(line, at),
                       Cat("a string without its closing quote; expected ",
                           line[at] == '"' ? "\"" : "'", " at its end, in the same line")};
      }
      at = end;
      continue;
    }
    const size_t end = std::min(line.find_first_of(",]}#\"'\r", at), line.size());
    const std::string_view rest = line.substr(at, end - at);
    const std::string_view word = rest.substr(0, rest.find_last_not_of(" \t") + 1);
    if (!IsWord(word) && !IsNumber(word)) {
      return Mistake{ColumnOf(line, at), Cat("a text without quotes; expected ", Quoted(word))};
    }
    at = end;
  }
  return std::nullopt;
}

}  // namespace ringway::config
