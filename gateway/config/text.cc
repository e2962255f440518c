// SPDX-License-Identifier: Apache-2.0
//
// The few loops behind text.h.
#include "gateway/config/text.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace ringway::config {

std::string Concatenate(std::initializer_list<Piece> pieces) {
  size_t bytes = 0;
  for (const Piece& piece : pieces) bytes += piece.text().size();
  std::string all;
  all.reserve(bytes);
  for (const Piece& piece : pieces) all += piece.text();
  return all;
}

bool EqualsIgnoreCase(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](char a, char b) {
    return absl::ascii_tolower(a) == absl::ascii_tolower(b);
  });
}

std::string ToLower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), absl::ascii_tolower);
  return lower;
}

}  // namespace ringway::config
