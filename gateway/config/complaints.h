// SPDX-License-Identifier: Apache-2.0
//
// Where all checks of a configuration put what they find, so that one run shows all mistakes and
// not only the first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace ringway::config {

/// A place in the text; both count from 1, columns in code points.
struct Place {
  uint32_t line = 1;
  uint32_t column = 1;

  friend bool operator==(const Place&, const Place&) = default;
  friend bool operator<(const Place& left, const Place& right) {
    return left.line != right.line ? left.line < right.line : left.column < right.column;
  }
};

class Complaints {
 public:
  /// More than these make nobody wiser; one more line counts the rest.
  static constexpr size_t kShownMax = 20;

  /// Both are referred to and must live as long. `kind`: what each of them is, "error".
  explicit Complaints(std::string_view file_name, std::string_view kind = "error")
      : file_name_(file_name), kind_(kind) {}

  void Add(Place place, std::string what);

  [[nodiscard]] bool empty() const { return total_ == 0; }

  /// kInvalidArgument with the first kShownMax lines in the order of the text, or OK.
  [[nodiscard]] absl::Status ToStatus() const;

  /// The same lines, each without a newline at its end.
  [[nodiscard]] std::vector<std::string> Lines() const;

 private:
  struct Complaint {
    Place place;
    std::string what;
  };

  std::string_view file_name_;
  std::string_view kind_;
  /// In the order of the text, at most kShownMax + 1: the last says where the rest begins.
  std::vector<Complaint> first_;
  size_t total_ = 0;
};

}  // namespace ringway::config
