// SPDX-License-Identifier: Apache-2.0
//
// A ring buffer of fixed capacity: a queue of small values over a mapping. Used for the worker's
// lists of links (due to send, waiting for a buffer), whose bound is a number of links.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "absl/status/statusor.h"
#include "gateway/base/check.h"
#include "gateway/base/mapping.h"

namespace ringway::base {

/// First in, first out. One thread.
template <typename T>
class Fifo {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  /// Room for at least `capacity` values; `what` names them in an error.
  static absl::StatusOr<Fifo> Map(uint32_t capacity, const char* what) {
    const uint32_t entries = std::bit_ceil(capacity);
    auto mapping = Mapping::Reserve(entries * sizeof(T), what);
    if (!mapping.ok()) return mapping.status();
    return Fifo(*std::move(mapping), entries);
  }

  bool empty() const { return head_ == tail_; }
  uint32_t size() const { return tail_ - head_; }
  bool full() const { return size() > mask_; }

  /// REQUIRES: fewer values are in it than its capacity.
  void Push(const T& value) {
    RINGWAY_CHECK_OP(size(), <=, mask_);
    values()[tail_++ & mask_] = value;
  }
  /// REQUIRES: not empty.
  T Pop() {
    RINGWAY_CHECK(!empty());
    const T value = values()[head_++ & mask_];
    // WHY: a queue that wanders through its mapping would touch all of it in time.
    if (empty()) head_ = tail_ = 0;
    return value;
  }

 private:
  Fifo(Mapping mapping, uint32_t entries) : mapping_(std::move(mapping)), mask_(entries - 1) {}
  T* values() { return reinterpret_cast<T*>(mapping_.data()); }

  Mapping mapping_;
  uint32_t mask_;
  uint32_t head_ = 0;
  uint32_t tail_ = 0;
};

}  // namespace ringway::base
