// SPDX-License-Identifier: Apache-2.0
//
// The wording of what may be wrong with any key.
#include "gateway/config/section.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "gateway/config/quantity.h"
#include "gateway/config/text.h"

namespace ringway::config {
namespace {

constexpr size_t kNameBytesMax = 64;
constexpr std::string_view kNameExpected =
    "1 to 64 letters, digits, '_', '-' or '.', such as \"echo\"";

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= kNameBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(c) || c == '_' || c == '-' || c == '.';
         });
}

/// What other servers call the keys of TLS, in any table.
constexpr std::string_view kTlsKeys[] = {"tls",
                                         "ssl",
                                         "https",
                                         "cert",
                                         "certs",
                                         "cert_file",
                                         "certificate",
                                         "key",
                                         "key_file",
                                         "private_key",
                                         "tls_cert",
                                         "tls_key",
                                         "ssl_certificate",
                                         "ssl_certificate_key"};

std::string UnknownKey(std::string_view key, std::string_view title,
                       std::span<const std::string_view> keys) {
  if (std::find(std::begin(kTlsKeys), std::end(kTlsKeys), key) == std::end(kTlsKeys)) {
    return Cat("unknown key ", Quoted(key), " in ", title, Hint(key, keys));
  }
  const std::string_view instead =
      title == "[[backend]]"
          ? "connections to servers are plain TCP: let stunnel or the like take them to a server "
            "that wants TLS"
          : "let a proxy such as HAProxy, Caddy or nginx stand in front for it, and name its "
            "address in a listener's trusted_proxies";
  return Cat("key ", Quoted(key), " in ", title, ": TLS is not available yet; ", instead);
}

bool Contains(const std::vector<PlacedText>& texts, std::string_view text) {
  return std::any_of(texts.begin(), texts.end(),
                     [&](const PlacedText& placed) { return placed.text == text; });
}

}  // namespace

Section::Section(const Value& table, std::string_view title, std::span<const std::string_view> keys,
                 Complaints& complaints)
    : table_(table), title_(title), complaints_(complaints) {
  for (const Member& member : table.members) {
    if (std::find(keys.begin(), keys.end(), member.key) != keys.end()) continue;
    complaints.Add(member.place, UnknownKey(member.key, title, keys));
  }
}

const Value* Section::Find(std::string_view key) const {
  for (const Member& member : table_.members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

const Value* Section::FindOrComplain(std::string_view key, Presence presence,
                                     std::string_view expected) {
  const Value* value = Find(key);
  if (value == nullptr && presence == Presence::kRequired) {
    complaints_.Add(place(), Cat("missing key \"", key, "\" in ", title_, "; expected ", expected));
  }
  return value;
}

void Section::RefuseKey(std::string_view key, std::string_view belongs_to, std::string_view why) {
  const Value* value = Find(key);
  if (value == nullptr) return;
  complaints_.Add(value->place,
                  Cat("\"", key, "\" is for ", belongs_to, "; expected it left out, ", why));
}

void Section::ComplainOfKind(std::string_view key, const Value& value, std::string_view expected) {
  complaints_.Add(value.place, Cat("wrong type for \"", key, "\": ", KindName(value.kind),
                                   "; expected ", expected));
}

std::optional<PlacedText> Section::ReadText(std::string_view key, Presence presence,
                                            std::string_view expected) {
  const Value* value = FindOrComplain(key, presence, expected);
  if (value == nullptr) return std::nullopt;
  if (value->kind != Kind::kString) {
    ComplainOfKind(key, *value, expected);
    return std::nullopt;
  }
  return PlacedText{value->text, value->place};
}

std::optional<PlacedText> Section::ReadName() {
  auto name = ReadText("name", Presence::kRequired, kNameExpected);
  if (!name || IsName(name->text)) return name;
  complaints_.Add(name->place, Cat(Quoted(name->text), " is no name; expected ", kNameExpected));
  return std::nullopt;
}

std::optional<std::vector<PlacedText>> Section::ReadTexts(std::string_view key, Presence presence,
                                                          ListBounds bounds,
                                                          std::string_view expected) {
  const Value* value = FindOrComplain(key, presence, expected);
  if (value == nullptr) return std::nullopt;
  if (value->kind != Kind::kArray) {
    ComplainOfKind(key, *value, expected);
    return std::nullopt;
  }
  const size_t count = value->elements.size();
  if (count < bounds.count_min || count > bounds.count_max) {
    complaints_.Add(value->place, Cat("\"", key, "\" has ", count, " entries; expected ",
                                      bounds.count_min, " to ", bounds.count_max));
    return std::nullopt;
  }
  std::vector<PlacedText> texts;
  for (const Value& element : value->elements) {
    if (element.kind != Kind::kString) {
      ComplainOfKind(key, element, expected);
    } else if (Contains(texts, element.text)) {
      complaints_.Add(element.place, Cat(Quoted(element.text), " stands twice in \"", key,
                                         "\"; expected each entry once"));
    } else {
      texts.push_back({element.text, element.place});
    }
  }
  return texts;
}

std::optional<uint64_t> Section::ReadDurationNs(std::string_view key, Range ns) {
  const auto text = ReadText(key, Presence::kOptional, "a duration in quotes, such as \"5s\"");
  if (!text) return std::nullopt;
  const auto read = ParseDurationNs(text->text);
  if (read.ok() && *read >= ns.min && *read <= ns.max) return *read;
  const std::string expected =
      Cat("expected \"", DurationText(ns.min), "\" to \"", DurationText(ns.max), "\"");
  complaints_.Add(text->place, Cat(key, " is ", Quoted(text->text), "; ",
                                   read.ok() ? expected : std::string(read.status().message())));
  return std::nullopt;
}

std::optional<uint64_t> Section::ReadCount(std::string_view key, Range range) {
  const Value* value = Find(key);
  if (value == nullptr) return std::nullopt;
  const std::string expected = Cat(range.min, " to ", range.max);
  if (value->kind != Kind::kInteger) {
    ComplainOfKind(key, *value, expected);
    return std::nullopt;
  }
  const bool in_range = value->integer >= 0 && static_cast<uint64_t>(value->integer) >= range.min &&
                        static_cast<uint64_t>(value->integer) <= range.max;
  if (in_range) return static_cast<uint64_t>(value->integer);
  complaints_.Add(value->place, Cat(key, " is ", value->integer, "; expected ", expected));
  return std::nullopt;
}

std::optional<bool> Section::ReadTruth(std::string_view key) {
  const Value* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (value->kind == Kind::kBoolean) return value->truth;
  ComplainOfKind(key, *value, "true or false, without quotes");
  return std::nullopt;
}

}  // namespace ringway::config
