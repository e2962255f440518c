// SPDX-License-Identifier: Apache-2.0
//
// Memory for what a submission points to (a message header, an address): it must stay where it is
// until the kernel has taken the submission, and no longer.
#pragma once

#include <cstddef>
#include <vector>

#include "uring/ring.h"

namespace ringway::uring {

/// `kCount` values of T, used again as soon as nothing is prepared; when they run out within one
/// turn, what was prepared is handed over first. One thread.
template <typename T, size_t kCount>
class Scratch {
 public:
  Scratch() { values_.reserve(kCount); }

  /// A value that stays until the ring's next entry into the kernel. Call it before NextEntry: it
  /// may enter the kernel, which must not find an entry that is not yet filled.
  T& Take(Ring& ring) {
    if (ring.prepared() == 0) values_.clear();
    if (values_.size() == kCount) {
      ring.Flush();
      values_.clear();
    }
    return values_.emplace_back();
  }

 private:
  std::vector<T> values_;
};

}  // namespace ringway::uring
