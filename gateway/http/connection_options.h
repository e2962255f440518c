// SPDX-License-Identifier: Apache-2.0
//
// Which other fields of a head its Connection fields name, and so claim for this hop alone
// (RFC 9110 7.6.1).
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "gateway/http/bytes.h"
#include "gateway/http/field_reader.h"
#include "gateway/http/forward_head.h"
#include "gateway/http/list_reader.h"

namespace ringway::http {

/// Views into the head that was collected from.
class ConnectionOptions {
 public:
  /// `head`: one whole head, as FieldReader takes it. False: there are more than
  /// kConnectionOptionsMax.
  [[nodiscard]] bool Collect(std::string_view head) {
    FieldReader reader(head);
    std::string_view name;
    std::string_view value;
    while (reader.Next(&name, &value)) {
      if (EqualsIgnoreCase(name, "Connection") && !Add(value)) return false;
    }
    return true;
  }

  /// Whether one of them is this field's name.
  [[nodiscard]] bool Name(std::string_view field) const {
    for (size_t at = 0; at < count_; ++at) {
      if (EqualsIgnoreCase(options_[at], field)) return true;
    }
    return false;
  }

 private:
  bool Add(std::string_view list) {
    ListReader reader(list);
    std::string_view option;
    while (reader.Next(&option)) {
      if (count_ == options_.size()) return false;
      options_[count_++] = option;
    }
    return true;
  }

  std::array<std::string_view, kConnectionOptionsMax> options_;
  size_t count_ = 0;
};

}  // namespace ringway::http
