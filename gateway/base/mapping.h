// SPDX-License-Identifier: Apache-2.0
//
// One anonymous mapping: address space that costs memory only where it is touched. Arena and slab
// reserve their bound here at start, so that nothing grows, moves or is allocated later.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"

namespace ringway::base {

/// Owns the mapping; zeroed by the kernel page by page as it is touched. Move-only.
class Mapping {
 public:
  Mapping() = default;
  Mapping(Mapping&& from) noexcept;
  Mapping& operator=(Mapping&& from) noexcept;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping();

  /// `bytes` > 0. RESOURCE_EXHAUSTED where the address space is not to be had; `what` names it.
  static absl::StatusOr<Mapping> Reserve(size_t bytes, const char* what);

  /// Gives the memory of the whole pages in [offset, offset + bytes) back to the kernel; they read
  /// as zero when they are touched again.
  void Release(size_t offset, size_t bytes);

  /// Gives up ownership: the memory stays until the process ends, because somebody may still write
  /// to it.
  void Abandon() { data_ = nullptr; }

  uint8_t* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  Mapping(uint8_t* data, size_t bytes) : data_(data), bytes_(bytes) {}

  uint8_t* data_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace ringway::base
