// SPDX-License-Identifier: Apache-2.0
//
// Walks over the field lines of a head that the scan has let through, in the order in which they
// came: for whoever copies a head to the other side.
#pragma once

#include <cstddef>
#include <string_view>

#include "gateway/base/check.h"

namespace ringway::http {

/// REQUIRES: the head has passed ScanHead or ScanResponseHead (head_scan.h), so every line ends
/// with CR LF, or every one with LF, and every field has its colon. All views point into the head.
class FieldReader {
 public:
  /// `head`: one whole head, from an empty line in front of it, if any, to its blank line.
  explicit FieldReader(std::string_view head) : rest_(head) {
    if (rest_.starts_with("\r\n")) rest_.remove_prefix(2);
    TakeLine();
  }

  /// False: there are no more, and nothing is set. The name is as it was sent; the value comes
  /// without the white space around it (RFC 9112 5.1).
  [[nodiscard]] bool Next(std::string_view* name, std::string_view* value) {
    const std::string_view line = TakeLine();
    if (line.empty()) return false;
    const size_t colon = line.find(':');
    RINGWAY_CHECK(colon != std::string_view::npos);
    *name = line.substr(0, colon);
    *value = Trim(line.substr(colon + 1));
    return true;
  }

 private:
  std::string_view TakeLine() {
    const size_t end = rest_.find('\n');
    RINGWAY_CHECK(end != std::string_view::npos);
    std::string_view line = rest_.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    // The blank line stays, so that the end stays the end.
    if (!line.empty()) rest_.remove_prefix(end + 1);
    return line;
  }

  static std::string_view Trim(std::string_view text) {
    const size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
  }

  std::string_view rest_;
};

}  // namespace ringway::http
