// SPDX-License-Identifier: Apache-2.0
//
// The one file that includes toml++. It is compiled header-only here, with its own bound on
// nesting; Debian's compiled library is built with a bound so high that freeing the tree may
// overflow the stack.
#include "gateway/config/document.h"

#include <algorithm>
#include <vector>

#include "gateway/config/text.h"
#include "gateway/config/text_guard.h"

namespace ringway::config {
namespace {

/// Thrown where toml++ finds its own expectations broken.
struct ParserGaveUp {};

constexpr void ExpectOfParser(bool condition) {
  if (!condition) throw ParserGaveUp();
}

}  // namespace
}  // namespace ringway::config

#undef TOML_HEADER_ONLY
#undef TOML_SHARED_LIB
#define TOML_HEADER_ONLY 1
/// A valid configuration nests one array in a value; the rest is room for a good error message.
#define TOML_MAX_NESTED_VALUES 8
/// toml++ 3.3 asserts what a text can break ("[=]"); a wrong file must not end the process. With
/// NDEBUG it would assume instead of assert, which is worse.
#undef NDEBUG
#define TOML_ASSERT(condition) ::ringway::config::ExpectOfParser(static_cast<bool>(condition))
#include <toml++/toml.h>

namespace ringway::config {
namespace {

/// root -> array of tables -> table -> array -> element: five levels are all that is ever looked
/// at.
constexpr int kDepthMax = 5;

Place ToPlace(const toml::source_position& position) {
  return {.line = std::max<uint32_t>(position.line, 1),
          .column = std::max<uint32_t>(position.column, 1)};
}

Kind ToKind(toml::node_type type) {
  switch (type) {
    case toml::node_type::string:
      return Kind::kString;
    case toml::node_type::integer:
      return Kind::kInteger;
    case toml::node_type::floating_point:
      return Kind::kFloat;
    case toml::node_type::boolean:
      return Kind::kBoolean;
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time:
      return Kind::kTime;
    case toml::node_type::array:
      return Kind::kArray;
    case toml::node_type::none:
    case toml::node_type::table:
      return Kind::kTable;
  }
  return Kind::kTable;
}

Value ToValue(const toml::node& node, int depth) {
  Value value;
  value.kind = ToKind(node.type());
  value.place = ToPlace(node.source().begin);
  if (const auto* text = node.as_string()) value.text = text->get();
  if (const auto* integer = node.as_integer()) value.integer = integer->get();
  if (depth == kDepthMax) return value;
  if (const auto* array = node.as_array()) {
    value.elements.reserve(array->size());
    for (const toml::node& element : *array) value.elements.push_back(ToValue(element, depth + 1));
  }
  if (const auto* table = node.as_table()) {
    value.members.reserve(table->size());
    for (const auto& [key, member] : *table) {
      value.members.push_back({.key = std::string(key.str()),
                               .place = ToPlace(key.source().begin),
                               .value = ToValue(member, depth + 1)});
    }
  }
  return value;
}

bool GivesUp(std::string_view text) {
  try {
    static_cast<void>(toml::parse(text));
  } catch (const toml::parse_error&) {
    return false;
  } catch (const ParserGaveUp&) {
    return true;
  }
  return false;
}

/// toml++ gives up without saying where. It reads from front to back, so the line is the first
/// with which a beginning of the text makes it give up.
uint32_t LineOfGivingUp(std::string_view text) {
  std::vector<size_t> line_ends;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') line_ends.push_back(i);
  }
  const auto first = std::partition_point(line_ends.begin(), line_ends.end(), [&](size_t line_end) {
    return !GivesUp(text.substr(0, line_end));
  });
  return static_cast<uint32_t>(first - line_ends.begin()) + 1;
}

/// What toml++ says names bytes of the text; only printable ASCII may reach a terminal.
std::string OneLine(std::string_view text) {
  std::string line(text.substr(0, 300));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return line;
}

}  // namespace

std::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kString:
      return "a string";
    case Kind::kInteger:
      return "an integer";
    case Kind::kFloat:
      return "a number with a point";
    case Kind::kBoolean:
      return "a boolean";
    case Kind::kTime:
      return "a date or time";
    case Kind::kArray:
      return "an array";
    case Kind::kTable:
      return "a table";
  }
  return "a value";
}

std::optional<Value> ReadDocument(std::string_view text, Complaints& complaints) {
  if (GuardText(text, complaints) == GuardResult::kRefused) return std::nullopt;
  try {
    return ToValue(toml::parse(text), 0);
  } catch (const toml::parse_error& error) {
    complaints.Add(ToPlace(error.source().begin), Cat("not TOML: ", OneLine(error.description())));
  } catch (const ParserGaveUp&) {
    complaints.Add({.line = LineOfGivingUp(text)},
                   "not TOML: this line cannot be read; expected a [table], a key = value, or a "
                   "comment");
  }
  return std::nullopt;
}

}  // namespace ringway::config
