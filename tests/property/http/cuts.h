// SPDX-License-Identifier: Apache-2.0
//
// Chance with a seed, and the ways in which a network cuts a text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

namespace ringway::http {

class Chance {
 public:
  explicit Chance(uint32_t seed) : engine_(seed) {}

  /// 0 to bound - 1. REQUIRES: bound > 0.
  size_t Below(size_t bound) { return engine_() % bound; }
  bool OneIn(size_t bound) { return Below(bound) == 0; }

  template <size_t kCount>
  std::string_view OneOf(const std::string_view (&texts)[kCount]) {
    return texts[Below(kCount)];
  }

 private:
  std::mt19937 engine_;
};

/// A text in pieces.
using Pieces = std::vector<std::string_view>;

inline Pieces SingleBytes(std::string_view text) {
  Pieces pieces;
  for (size_t at = 0; at < text.size(); ++at) pieces.push_back(text.substr(at, 1));
  return pieces;
}

/// Pieces of 0 to 11 bytes.
inline Pieces RandomPieces(std::string_view text, Chance* chance) {
  Pieces pieces;
  while (!text.empty()) {
    pieces.push_back(text.substr(0, chance->Below(12)));
    text.remove_prefix(pieces.back().size());
  }
  return pieces;
}

}  // namespace ringway::http
