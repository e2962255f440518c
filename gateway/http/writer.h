// SPDX-License-Identifier: Apache-2.0
//
// Text appended to a fixed buffer of the caller; whoever runs out of room learns it once, at the
// end.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ringway::http {

/// Appends until something does not fit; from then on it only remembers that.
class Writer {
 public:
  explicit Writer(std::span<char> out) : out_(out) {}

  Writer& Text(std::string_view text) {
    fits_ = fits_ && text.size() <= out_.size() - used_;
    if (!fits_) return *this;
    std::copy(text.begin(), text.end(), out_.begin() + static_cast<ptrdiff_t>(used_));
    used_ += text.size();
    return *this;
  }

  Writer& Number(uint64_t number) { return Digits(number, 10); }

  /// In lower case.
  Writer& Hex(uint64_t number) { return Digits(number, 16); }

  /// One line of a head: `name ": " value CR LF`, or `name ":" CR LF` without a value.
  Writer& Field(std::string_view name, std::string_view value) {
    return Text(name).Text(value.empty() ? ":" : ": ").Text(value).Text("\r\n");
  }

  /// Bytes written; 0 if something did not fit.
  [[nodiscard]] size_t Finish() const { return fits_ ? used_ : 0; }

 private:
  Writer& Digits(uint64_t number, int base) {
    // 20 digits hold any 64-bit number.
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof(digits), number, base).ptr;
    return Text({digits, end});
  }

  std::span<char> out_;
  size_t used_ = 0;
  bool fits_ = true;
};

}  // namespace ringway::http
