// SPDX-License-Identifier: Apache-2.0
//
// The wording that all complaints share: text from the file in quotes, lists of what is valid, and
// the valid word that somebody probably meant.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ringway::config {

/// One valid word and what it stands for.
template <typename Meaning>
struct Word {
  std::string_view word;
  Meaning meaning;
};

/// Only the first so many bytes of a word are compared; the work is the square of it.
inline constexpr size_t kComparedBytesMax = 64;

/// `text` in double quotes on one line of ASCII: escaped, and shortened when it is long.
[[nodiscard]] std::string Quoted(std::string_view text);

/// Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other;
/// letters are compared in any case. Looks at kComparedBytesMax bytes of each.
[[nodiscard]] size_t EditDistance(std::string_view left, std::string_view right);

/// The valid word nearest to `word`, the first of several; nullopt: none is near enough to be a
/// mistake of the fingers.
[[nodiscard]] std::optional<std::string_view> Nearest(std::string_view word,
                                                      std::span<const std::string_view> valid);

/// `; did you mean "x"?` when one is near, else nothing.
[[nodiscard]] std::string DidYouMean(std::string_view word,
                                     std::span<const std::string_view> valid);

/// `"a"` or `one of "a", "b", "c"`, shortened when there are many.
[[nodiscard]] std::string OneOf(std::span<const std::string_view> valid);

/// The suggestion when one is near, else `; expected ` and what there is. Empty when `valid` is.
[[nodiscard]] std::string Hint(std::string_view word, std::span<const std::string_view> valid);

}  // namespace ringway::config
