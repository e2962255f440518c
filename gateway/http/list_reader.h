// SPDX-License-Identifier: Apache-2.0
//
// Walks over the elements of a comma-separated field value whose elements are tokens, not quoted
// strings: Connection, Upgrade, Sec-WebSocket-Protocol.
#pragma once

#include <cstddef>
#include <string_view>

namespace ringway::http {

/// Empty elements are skipped, as a recipient must (RFC 9110 5.6.1.2). The elements are views into
/// the value; whether they are tokens is the caller's question.
class ListReader {
 public:
  explicit ListReader(std::string_view value) : rest_(value) {}

  /// False: there are no more, and `*element` is not set.
  [[nodiscard]] bool Next(std::string_view* element) {
    while (!rest_.empty()) {
      const size_t comma = rest_.find(',');
      const std::string_view found = Trim(rest_.substr(0, comma));
      rest_ = comma == std::string_view::npos ? std::string_view() : rest_.substr(comma + 1);
      if (found.empty()) continue;
      *element = found;
      return true;
    }
    return false;
  }

 private:
  static std::string_view Trim(std::string_view text) {
    const size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
  }

  std::string_view rest_;
};

}  // namespace ringway::http
