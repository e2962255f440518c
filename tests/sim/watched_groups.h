// SPDX-License-Identifier: Apache-2.0
//
// The provided-buffer rings of the simulated kernel. Beyond a kernel's duty it looks for what the
// worker must never do with a buffer: offer it twice, or read it after it was offered.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "tests/sim/verdict.h"
#include "uring/buffer_groups.h"

namespace ringway::sim {

class WatchedGroups {
 public:
  explicit WatchedGroups(Verdict& verdict) : verdict_(&verdict) {}

  int Register(const io_uring_buf_reg& registration);
  int Unregister(uint16_t group);

  /// Looks at what was published since: no buffer may be offered twice. What is offered belongs to
  /// the kernel, so it is overwritten at once: whoever still reads it will notice.
  void Observe();
  /// Memory that became the kernel's with the last Observe.
  std::span<const std::span<uint8_t>> offered() const { return offered_; }

  uint32_t Available(uint16_t group) const { return groups_.Available(group); }
  std::optional<uring::OfferedBuffer> Front(uint16_t group) const { return groups_.Front(group); }
  void Take(uint16_t group);

 private:
  struct Watch {
    uint32_t entries = 0;
    uint16_t seen = 0;          ///< of what is published
    std::vector<bool> in_ring;  ///< by the number of the buffer
  };

  Verdict* verdict_;
  uring::BufferGroups groups_;
  std::map<uint16_t, Watch> watches_;
  std::vector<std::span<uint8_t>> offered_;
};

}  // namespace ringway::sim
