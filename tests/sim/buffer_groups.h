// SPDX-License-Identifier: Apache-2.0
//
// Provided-buffer rings as the kernel sees them: it reads the tail that the worker publishes and
// keeps the head to itself. Beyond the kernel's duty it looks for what the worker must never do.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "tests/sim/verdict.h"

namespace ringway::sim {

struct OfferedBuffer {
  std::span<uint8_t> bytes;
  uint16_t index = 0;
};

class BufferGroups {
 public:
  explicit BufferGroups(Verdict& verdict) : verdict_(&verdict) {}

  int Register(const io_uring_buf_reg& registration);
  int Unregister(uint16_t group);

  /// Looks at what was published since: no buffer may be offered twice. What is offered belongs to
  /// the kernel, so it is overwritten at once: whoever still reads it will notice.
  void Observe();
  /// Memory that became the kernel's with the last Observe.
  std::span<const std::span<uint8_t>> offered() const { return offered_; }

  uint32_t Available(uint16_t group) const;
  /// The next buffer, left where it is.
  std::optional<OfferedBuffer> Front(uint16_t group) const;
  void Take(uint16_t group);

 private:
  struct Group {
    io_uring_buf_ring* ring = nullptr;
    uint16_t entries = 0;
    uint16_t head = 0;
    uint16_t seen = 0;  ///< of the published tail
    std::vector<bool> in_ring;
  };

  Verdict* verdict_;
  std::map<uint16_t, Group> groups_;
  std::vector<std::span<uint8_t>> offered_;
};

}  // namespace ringway::sim
