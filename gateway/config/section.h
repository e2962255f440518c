// SPDX-License-Identifier: Apache-2.0
//
// Typed, complaining access to one table of the text: an unknown key, a missing key, a wrong type
// or a wrong word is reported here, in the same wording for every key of every table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/complaints.h"
#include "gateway/config/document.h"
#include "gateway/config/text.h"
#include "gateway/config/words.h"

namespace ringway::config {

/// A text and where it was written.
struct PlacedText {
  std::string text;
  Place place;
};

enum class Presence : uint8_t { kRequired, kOptional };

/// Everything it refers to must outlive it. All Read functions return nullopt, after a complaint
/// where one is due, when there is nothing valid to use.
class Section {
 public:
  /// Complains about every key of `table` that is not in `keys`. `title`: how the table looks in a
  /// text, "[gateway]" or "[[route]]".
  Section(const Value& table, std::string_view title, std::span<const std::string_view> keys,
          Complaints& complaints);

  [[nodiscard]] Place place() const { return table_.place; }
  [[nodiscard]] std::string_view title() const { return title_; }
  [[nodiscard]] Complaints& complaints() { return complaints_; }

  /// The value of any kind; nullptr and no complaint if absent.
  [[nodiscard]] const Value* Find(std::string_view key) const;

  /// `expected`: what stands behind "expected" in a complaint, `a path such as "/echo"`.
  [[nodiscard]] std::optional<PlacedText> ReadText(std::string_view key, Presence presence,
                                                   std::string_view expected);

  /// Required. 1 to 64 letters, digits, '_', '-' and '.': names appear in logs and metrics.
  [[nodiscard]] std::optional<PlacedText> ReadName();

  struct ListBounds {
    size_t count_min = 0;
    size_t count_max = 0;
  };
  /// An array of strings, its strings in order; those of another kind are left out with a
  /// complaint, and so are strings that stand in it twice.
  [[nodiscard]] std::optional<std::vector<PlacedText>> ReadTexts(std::string_view key,
                                                                 Presence presence,
                                                                 ListBounds bounds,
                                                                 std::string_view expected);

  struct Range {
    uint64_t min = 0;
    uint64_t max = 0;
  };
  /// A string such as "5s", as nanoseconds.
  [[nodiscard]] std::optional<uint64_t> ReadDurationNs(std::string_view key, Range ns);
  /// An integer.
  [[nodiscard]] std::optional<uint64_t> ReadCount(std::string_view key, Range range);
  /// true or false.
  [[nodiscard]] std::optional<bool> ReadTruth(std::string_view key);

  /// One of `words`.
  template <typename Meaning>
  [[nodiscard]] std::optional<Meaning> ReadWord(std::string_view key, Presence presence,
                                                std::span<const Word<Meaning>> words) {
    std::vector<std::string_view> valid;
    for (const auto& word : words) valid.push_back(word.word);
    const std::string expected = OneOf(valid);
    const auto read = ReadText(key, presence, expected);
    if (!read) return std::nullopt;
    for (const auto& word : words) {
      if (word.word == read->text) return word.meaning;
    }
    complaints_.Add(read->place, Cat("unknown ", key, " ", Quoted(read->text), "; expected ",
                                     expected, DidYouMean(read->text, valid)));
    return std::nullopt;
  }

  /// Complains of a key that means nothing beside what else its table says:
  /// `"frames" is for mode "tcp"; expected it left out, <why>`.
  void RefuseKey(std::string_view key, std::string_view belongs_to, std::string_view why);

  /// Whether a Read function that returned `read` for the key found nothing wrong with it.
  template <typename Meaning>
  [[nodiscard]] bool IsAbsentOrValid(std::string_view key,
                                     const std::optional<Meaning>& read) const {
    return read || Find(key) == nullptr;
  }

  /// `wrong type for "port": a boolean; expected ...`
  void ComplainOfKind(std::string_view key, const Value& value, std::string_view expected);

 private:
  [[nodiscard]] const Value* FindOrComplain(std::string_view key, Presence presence,
                                            std::string_view expected);

  const Value& table_;
  std::string_view title_;
  Complaints& complaints_;
};

}  // namespace ringway::config
