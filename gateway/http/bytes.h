// SPDX-License-Identifier: Apache-2.0
//
// Which bytes may stand where in a request head: the character classes of RFC 9110 5.6.2 and 5.5
// and RFC 3986 2, one bit each in one table; and the comparison that names in HTTP use.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ringway::http {

enum class ByteClass : uint8_t {
  kToken = 1,    ///< tchar: names of methods and fields, elements of most lists.
  kVisible = 2,  ///< VCHAR, 0x21 to 0x7e: a request target, before anybody reads it.
  kValue = 4,    ///< A field's value: VCHAR, space, tab, and obs-text (0x80 and above).
  kHost = 8,     ///< reg-name without its percent-encoded triples (RFC 3986 3.2.2).
  kHex = 16,     ///< HEXDIG in both cases.
  kBase64 = 32,  ///< RFC 4648 4, without the padding.
};

constexpr std::array<uint8_t, 256> MakeByteClasses() {
  std::array<uint8_t, 256> classes{};
  const auto add = [&classes](ByteClass which, std::string_view bytes) {
    for (const char byte : bytes) {
      classes[static_cast<unsigned char>(byte)] |= static_cast<uint8_t>(which);
    }
  };
  constexpr std::string_view kAlphanumeric =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  add(ByteClass::kToken, kAlphanumeric);
  add(ByteClass::kToken, "!#$%&'*+-.^_`|~");
  add(ByteClass::kHost, kAlphanumeric);
  add(ByteClass::kHost, "-._~!$&'()*+,;=");
  add(ByteClass::kHex, "0123456789abcdefABCDEF");
  add(ByteClass::kBase64, kAlphanumeric);
  add(ByteClass::kBase64, "+/");
  for (size_t byte = 0x20; byte < 0x100; ++byte) {
    if (byte == 0x7f) continue;
    classes[byte] |= static_cast<uint8_t>(ByteClass::kValue);
    if (byte > 0x20 && byte < 0x7f) classes[byte] |= static_cast<uint8_t>(ByteClass::kVisible);
  }
  classes['\t'] |= static_cast<uint8_t>(ByteClass::kValue);
  return classes;
}

inline constexpr std::array<uint8_t, 256> kByteClasses = MakeByteClasses();

[[nodiscard]] constexpr bool Is(ByteClass which, char byte) {
  return (kByteClasses[static_cast<unsigned char>(byte)] & static_cast<uint8_t>(which)) != 0;
}

/// The first index at or after `from` whose byte is not of the class; text.size() if all are.
[[nodiscard]] constexpr size_t SkipWhile(ByteClass which, std::string_view text, size_t from) {
  while (from < text.size() && Is(which, text[from])) ++from;
  return from;
}

/// Not empty, and all of the class.
[[nodiscard]] constexpr bool IsAll(ByteClass which, std::string_view text) {
  return !text.empty() && SkipWhile(which, text, 0) == text.size();
}

/// A to Z and a to z are one; every other byte only equals itself.
[[nodiscard]] constexpr bool EqualsIgnoreCase(std::string_view left, std::string_view right) {
  const auto lower = [](char byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
  };
  if (left.size() != right.size()) return false;
  for (size_t at = 0; at < left.size(); ++at) {
    if (lower(left[at]) != lower(right[at])) return false;
  }
  return true;
}

/// '%' and two digits (RFC 3986 2.1).
inline constexpr size_t kEscapeBytes = 3;

/// Whether an escape stands at the front.
[[nodiscard]] constexpr bool BeginsWithEscape(std::string_view text) {
  return text.size() >= kEscapeBytes && text[0] == '%' && Is(ByteClass::kHex, text[1]) &&
         Is(ByteClass::kHex, text[2]);
}

/// REQUIRES: BeginsWithEscape.
[[nodiscard]] constexpr char ValueOfEscape(std::string_view escape) {
  const auto value = [](char digit) {
    // Bit 5 tells lower case from upper case.
    return digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
  };
  return static_cast<char>(value(escape[1]) * 16 + value(escape[2]));
}

}  // namespace ringway::http
