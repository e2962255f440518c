// SPDX-License-Identifier: Apache-2.0
//
// What the TOML library must not see. toml++ 3.3 (Debian 12's) takes some letters beyond ASCII for
// white space, which TOML does not, and overflows the stack on keys with very many dots. Such texts
// are told apart here, with a better word than the library would find.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "gateway/config/complaints.h"

namespace ringway::config {

/// Dotted keys ("a.b.c") nest, and the library frees its tree by recursion. A valid configuration
/// needs one dot in a line; with 64 of them, in a table's name and again in a key, the tree is
/// about 140 levels deep. Without a bound a file of 400 KB overflows the stack.
inline constexpr size_t kDotsPerLineMax = 64;

enum class [[nodiscard]] GuardResult : uint8_t{kReadable, kRefused};

/// kRefused after one complaint. Characters beyond ASCII are welcome in comments and in strings on
/// one line; dots count outside both.
GuardResult GuardText(std::string_view text, Complaints& complaints);

/// Where the string with three quotes begins that goes on to the end of `text`, which GuardText
/// found readable; nullopt: there is none.
std::optional<Place> FindUnclosedString(std::string_view text);

}  // namespace ringway::config
