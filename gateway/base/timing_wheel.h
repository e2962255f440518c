// SPDX-License-Identifier: Apache-2.0
//
// A hierarchical timing wheel (Varghese and Lauck): one timer for each slot of a slab, set and
// cleared in constant time, nothing allocated. Four wheels of 256 positions; a timer far away sits
// in a coarse wheel and moves to a finer one as its time comes near.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "gateway/base/mapping.h"

namespace ringway::base {

/// Time is in ticks of one millisecond. One thread.
class TimingWheel {
 public:
  /// What one timer costs.
  struct Timer {
    uint32_t next;
    uint32_t previous;
    uint32_t due_tick;  ///< its low 32 bits: all four digits
    uint32_t position;  ///< 1 + index of its list, 0 when not set
  };

  /// Timers 0 to `count` - 1, none set; `now_ms` is tick zero's time.
  static absl::StatusOr<TimingWheel> Map(uint32_t count, uint64_t now_ms);

  TimingWheel(TimingWheel&&) = default;
  TimingWheel& operator=(TimingWheel&&) = default;

  /// (Re)sets timer `index` to come due at `due_ms`. A time that has passed comes due with the next
  /// PopDue; one beyond 49 days comes due at 49 days.
  void Set(uint32_t index, uint64_t due_ms);
  void Clear(uint32_t index);

  /// Moves time on to `now_ms` and takes up to out.size() timers that have come due, each cleared.
  /// Returns how many; when it fills `out` there may be more: call again with the same time.
  size_t PopDue(uint64_t now_ms, std::span<uint32_t> out);

  /// When PopDue should be called next: at or before the earliest timer (a coarse wheel names the
  /// moment at which it refills a finer one). kNever when no timer is set.
  uint64_t NextDueMs() const;
  static constexpr uint64_t kNever = UINT64_MAX;

  uint32_t set_count() const { return set_count_; }

 private:
  static constexpr uint32_t kWheelBits = 8;
  static constexpr uint32_t kPositions = 1U << kWheelBits;
  static constexpr uint32_t kWheels = 4;

  TimingWheel() = default;
  Timer* timers() { return reinterpret_cast<Timer*>(mapping_.data()); }
  void Link(uint32_t index);
  void Unlink(uint32_t index);
  void Refill(uint32_t wheel);
  size_t PopFrom(uint32_t list, std::span<uint32_t> out);
  uint32_t FindOccupied(uint32_t wheel, uint32_t from) const;
  /// The position at which `wheel` stands now.
  uint32_t Digit(uint32_t wheel) const {
    return static_cast<uint32_t>(tick_ >> (wheel * kWheelBits)) & (kPositions - 1);
  }

  Mapping mapping_;
  uint32_t count_ = 0;
  uint32_t set_count_ = 0;
  uint64_t start_ms_ = 0;
  uint64_t tick_ = 0;  ///< every timer due before this tick has been popped
  std::array<uint32_t, size_t{kWheels} * kPositions> heads_{};
  std::array<std::array<uint64_t, kPositions / 64>, kWheels> occupied_{};
};

}  // namespace ringway::base
