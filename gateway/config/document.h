// SPDX-License-Identifier: Apache-2.0
//
// A TOML text as a plain tree in which every key and value knows its place. It keeps the TOML
// library out of all other files: whoever checks a configuration sees only these structs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/complaints.h"

namespace ringway::config {

enum class Kind : uint8_t { kString, kInteger, kFloat, kBoolean, kTime, kArray, kTable };

/// "a string", "an array of tables": for sentences.
[[nodiscard]] std::string_view KindName(Kind kind);

struct Member;

/// One value. Which of the last five members is filled depends on `kind`.
struct Value {
  Kind kind = Kind::kTable;
  Place place;
  std::string text;             ///< kString
  int64_t integer = 0;          ///< kInteger
  bool truth = false;           ///< kBoolean
  std::vector<Value> elements;  ///< kArray, in the order of the text
  std::vector<Member> members;  ///< kTable, in the order of the alphabet
};

struct Member {
  std::string key;
  Place place;
  Value value;
};

/// The root table, or nullopt and one complaint. Values deeper than any valid configuration are
/// left empty (an empty table or array).
[[nodiscard]] std::optional<Value> ReadDocument(std::string_view text, Complaints& complaints);

}  // namespace ringway::config
