// SPDX-License-Identifier: Apache-2.0
//
// Strings put together and compared without regard to case. abseil has both, but for its own
// string_view, which in Debian's build is another type than std::string_view.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

namespace ringway::config {

/// One argument of Cat(): text, or an integer in decimal. Lives for the call only.
class Piece {
 public:
  Piece(const char* text) : text_(text) {}  // NOLINT: conversion is its purpose

  template <typename Text>
  requires requires(const Text& text) {
    { text.data() } -> std::convertible_to<const char*>;
    text.size();
  }
  Piece(const Text& text) : text_(text.data(), text.size()) {}  // NOLINT

  template <std::integral Number>
  Piece(Number number) {  // NOLINT
    const auto end = std::to_chars(digits_.data(), digits_.data() + digits_.size(), number).ptr;
    text_ = std::string_view(digits_.data(), end);
  }

  Piece(const Piece&) = delete;
  Piece& operator=(const Piece&) = delete;

  [[nodiscard]] std::string_view text() const { return text_; }

 private:
  /// Enough for a sign and the 20 digits of 64 bits.
  std::array<char, 24> digits_;
  std::string_view text_;
};

[[nodiscard]] std::string Concatenate(std::initializer_list<Piece> pieces);

/// Cat("line ", 7) == "line 7".
template <typename... Parts>
[[nodiscard]] std::string Cat(const Parts&... parts) {
  return Concatenate({Piece(parts)...});
}

/// ASCII letters only; all else byte by byte.
[[nodiscard]] bool EqualsIgnoreCase(std::string_view left, std::string_view right);
[[nodiscard]] std::string ToLower(std::string_view text);

}  // namespace ringway::config
