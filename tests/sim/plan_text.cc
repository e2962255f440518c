// SPDX-License-Identifier: Apache-2.0
//
// A plan's fields are visited to write them, and once for each line to find the one it names.
#include "tests/sim/plan_text.h"

#include <algorithm>
#include <concepts>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/sim/plan_fields.h"

namespace ringway::sim {
namespace {

/// A list in a plan is never longer; a text with a longer one is no plan.
constexpr uint64_t kListMax = 1000;

using Line = std::pair<std::string, std::string>;

absl::string_view ViewOf(std::string_view text) { return {text.data(), text.size()}; }

/// Takes down each field of what it visits.
class Writer {
 public:
  explicit Writer(std::vector<Line>& lines, std::string prefix = {})
      : lines_(&lines), prefix_(std::move(prefix)) {}

  void operator()(const char* name, const std::string& value) {
    Add(name, absl::StrCat("\"", absl::CEscape(value), "\""));
  }
  void operator()(const char* name, bool value) { Add(name, value ? "yes" : "no"); }
  template <std::integral T>
  void operator()(const char* name, T value) {
    Add(name, absl::StrCat(value));
  }
  template <typename E, size_t kCount>
  void operator()(const char* name, E value, const char* const (&words)[kCount]) {
    Add(name, words[static_cast<size_t>(value)]);
  }
  template <typename T>
  void operator()(const char* name, const std::vector<T>& parts) {
    Add(name, absl::StrCat(parts.size()));
    for (size_t i = 0; i < parts.size(); ++i)
      AddPart(absl::StrCat(prefix_, name, ".", i), parts[i]);
  }
  template <IsPart T>
  void operator()(const char* name, const T& part) {
    AddPart(absl::StrCat(prefix_, name), part);
  }

 private:
  void Add(const char* name, std::string value) {
    lines_->emplace_back(absl::StrCat(prefix_, name), std::move(value));
  }
  /// Of a part only what differs from one that nobody has touched.
  template <typename T>
  void AddPart(const std::string& name, const T& part) {
    std::vector<Line> usual;
    std::vector<Line> here;
    const T untouched{};
    Writer of_usual(usual);
    VisitFields(untouched, of_usual);
    Writer of_here(here);
    VisitFields(part, of_here);
    // A list tells of its parts behind itself: what comes is found by its name.
    for (Line& line : here) {
      if (std::ranges::find(usual, line) != usual.end()) continue;
      lines_->emplace_back(absl::StrCat(name, ".", line.first), std::move(line.second));
    }
  }

  std::vector<Line>* lines_;
  std::string prefix_;
};

/// Sets the field that a line names, if it is among what is visited.
class Reader {
 public:
  Reader(std::string_view name, std::string_view value) : name_(name), value_(value) {}

  bool found() const { return found_; }
  bool good() const { return good_; }

  void operator()(const char* name, std::string& field) {
    if (!Is(name)) return;
    const bool is_quoted = value_.size() >= 2 && value_.front() == '"' && value_.back() == '"';
    good_ = is_quoted && absl::CUnescape(ViewOf(value_.substr(1, value_.size() - 2)), &field);
  }
  void operator()(const char* name, bool& field) {
    if (!Is(name)) return;
    good_ = value_ == "yes" || value_ == "no";
    field = value_ == "yes";
  }
  template <std::integral T>
  void operator()(const char* name, T& field) {
    if (Is(name)) good_ = absl::SimpleAtoi(ViewOf(value_), &field);
  }
  template <typename E, size_t kCount>
  void operator()(const char* name, E& field, const char* const (&words)[kCount]) {
    if (!Is(name)) return;
    const auto at =
        std::ranges::find(words, value_, [](const char* word) { return std::string_view(word); });
    good_ = at != std::end(words);
    if (good_) field = static_cast<E>(at - std::begin(words));
  }
  template <typename T>
  void operator()(const char* name, std::vector<T>& parts) {
    uint64_t count = 0;
    if (Is(name)) {
      good_ = absl::SimpleAtoi(ViewOf(value_), &count) && count <= kListMax;
      if (good_) parts.resize(count);
      return;
    }
    const std::string_view whole = name_;
    if (!Enter(name)) return;
    const size_t dot = name_.find('.');
    uint64_t index = 0;
    if (dot != std::string_view::npos && absl::SimpleAtoi(ViewOf(name_.substr(0, dot)), &index) &&
        index < parts.size()) {
      name_.remove_prefix(dot + 1);
      VisitFields(parts[index], *this);
    }
    name_ = whole;
  }
  template <IsPart T>
  void operator()(const char* name, T& part) {
    const std::string_view whole = name_;
    if (!Enter(name)) return;
    VisitFields(part, *this);
    name_ = whole;
  }

 private:
  bool Is(const char* name) {
    if (name_ != name) return false;
    found_ = true;
    return true;
  }
  /// Whether the line is about something in `name`, which is then not looked at any more.
  bool Enter(std::string_view name) {
    if (!name_.starts_with(name) || name_.size() <= name.size() || name_[name.size()] != '.') {
      return false;
    }
    name_.remove_prefix(name.size() + 1);
    return true;
  }

  std::string_view name_;
  std::string_view value_;
  bool found_ = false;
  bool good_ = false;
};

}  // namespace

std::string WritePlan(const Plan& plan) {
  std::vector<Line> lines;
  Writer writer(lines);
  VisitFields(plan, writer);
  std::string text;
  for (const auto& [name, value] : lines) absl::StrAppend(&text, name, " ", value, "\n");
  return text;
}

std::string ReadPlan(std::string_view text, Plan& plan) {
  plan = Plan();
  uint32_t number = 0;
  while (!text.empty()) {
    ++number;
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.empty() || line[0] == '#') continue;
    const size_t space = std::min(line.find(' '), line.size());
    const std::string_view value = line.substr(std::min(line.size(), space + 1));
    Reader reader(line.substr(0, space), value);
    VisitFields(plan, reader);
    const std::string at = "line " + std::to_string(number) + ": ";
    if (!reader.found()) return at + "no field '" + std::string(line.substr(0, space)) + "'";
    if (!reader.good()) return at + "'" + std::string(value) + "' is no value of it";
  }
  return {};
}

}  // namespace ringway::sim
