// SPDX-License-Identifier: Apache-2.0
//
// The two mistakes that people make most often in TOML, in their own words: a text without quotes,
// and a string that is not closed. What the TOML library says of them speaks of its grammar.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringway::config {

struct Mistake {
  uint32_t column = 1;  ///< counts from 1, in code points
  std::string what;
};

/// The first of the two in `line`, which the library could not read, without its newline. nullopt:
/// neither, or the line has no `key = value`.
[[nodiscard]] std::optional<Mistake> FindMistake(std::string_view line);

}  // namespace ringway::config
