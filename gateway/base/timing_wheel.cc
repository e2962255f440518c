// SPDX-License-Identifier: Apache-2.0
//
// The lists of the timing wheel and how they flow from coarse to fine.
#include "gateway/base/timing_wheel.h"

#include <algorithm>
#include <bit>

#include "gateway/base/check.h"
#include "gateway/base/ids.h"

namespace ringway::base {

absl::StatusOr<TimingWheel> TimingWheel::Map(uint32_t count, uint64_t now_ms) {
  auto mapping = Mapping::Reserve(count * sizeof(Timer), "timers");
  if (!mapping.ok()) return mapping.status();
  TimingWheel wheel;
  wheel.mapping_ = *std::move(mapping);
  wheel.count_ = count;
  wheel.start_ms_ = now_ms;
  wheel.heads_.fill(kNoSlot);
  return wheel;
}

void TimingWheel::Set(uint32_t index, uint64_t due_ms) {
  RINGWAY_CHECK_OP(index, <, count_);
  Timer& timer = timers()[index];
  if (timer.position != 0) Unlink(index);
  const uint64_t due = due_ms > start_ms_ ? due_ms - start_ms_ : 0;
  // WHY: one position short of the coarsest wheel's round (49.5 days), or a timer would share the
  // current position with those that are due a round earlier.
  const uint64_t latest = tick_ + (uint64_t{kPositions - 1} << (kWheels - 1) * kWheelBits);
  timer.due_tick = static_cast<uint32_t>(std::clamp(due, tick_, latest));
  Link(index);
}

void TimingWheel::Clear(uint32_t index) {
  RINGWAY_CHECK_OP(index, <, count_);
  if (timers()[index].position != 0) Unlink(index);
}

// The wheel is the highest one in whose digit due and now differ: within it, the position is due's
// digit, and it is reached before that digit comes round again.
void TimingWheel::Link(uint32_t index) {
  Timer& timer = timers()[index];
  const uint32_t differing = timer.due_tick ^ static_cast<uint32_t>(tick_);
  const uint32_t wheel =
      differing == 0 ? 0 : (31 - static_cast<uint32_t>(std::countl_zero(differing))) / kWheelBits;
  const uint32_t position = (timer.due_tick >> (wheel * kWheelBits)) & (kPositions - 1);
  const uint32_t list = wheel * kPositions + position;
  timer.previous = kNoSlot;
  timer.next = heads_[list];
  timer.position = list + 1;
  if (timer.next != kNoSlot) timers()[timer.next].previous = index;
  heads_[list] = index;
  occupied_[wheel][position / 64] |= 1ULL << (position % 64);
  ++set_count_;
}

void TimingWheel::Unlink(uint32_t index) {
  Timer& timer = timers()[index];
  const uint32_t list = timer.position - 1;
  if (timer.previous != kNoSlot) {
    timers()[timer.previous].next = timer.next;
  } else {
    heads_[list] = timer.next;
    if (timer.next == kNoSlot) {
      const uint32_t position = list % kPositions;
      occupied_[list / kPositions][position / 64] &= ~(1ULL << (position % 64));
    }
  }
  if (timer.next != kNoSlot) timers()[timer.next].previous = timer.previous;
  timer.position = 0;
  --set_count_;
}

size_t TimingWheel::PopFrom(uint32_t list, std::span<uint32_t> out) {
  size_t popped = 0;
  while (popped < out.size() && heads_[list] != kNoSlot) {
    out[popped++] = heads_[list];
    Unlink(heads_[list]);
  }
  return popped;
}

// The digit of `wheel` has just moved on: its new position's timers differ from now in a finer
// digit at most, and go there.
void TimingWheel::Refill(uint32_t wheel) {
  const uint32_t list = wheel * kPositions + Digit(wheel);
  while (heads_[list] != kNoSlot) {
    const uint32_t index = heads_[list];
    Unlink(index);
    Link(index);
  }
}

size_t TimingWheel::PopDue(uint64_t now_ms, std::span<uint32_t> out) {
  const uint64_t elapsed = now_ms > start_ms_ ? now_ms - start_ms_ : 0;
  const uint64_t now = std::max(elapsed, tick_);
  size_t popped = 0;
  while (true) {
    popped += PopFrom(Digit(0), out.subspan(popped));
    if (popped == out.size() || tick_ >= now) return popped;
    // WHY not 256 ticks at a time: a worker that slept for days must not spin through them.
    tick_ = std::min(now, NextDueMs() - start_ms_);
    for (uint32_t wheel = kWheels - 1; wheel > 0; --wheel) {
      if ((tick_ & ((1U << (wheel * kWheelBits)) - 1)) == 0) Refill(wheel);
    }
  }
}

// First occupied position at or behind `from`, or kPositions.
uint32_t TimingWheel::FindOccupied(uint32_t wheel, uint32_t from) const {
  for (uint32_t position = from; position < kPositions; position = (position | 63) + 1) {
    const uint64_t bits = occupied_[wheel][position / 64] >> (position % 64);
    if (bits != 0) return position + static_cast<uint32_t>(std::countr_zero(bits));
  }
  return kPositions;
}

uint64_t TimingWheel::NextDueMs() const {
  if (set_count_ == 0) return kNever;
  uint32_t wheel = 0;
  uint32_t position = FindOccupied(0, Digit(0));
  while (position == kPositions && wheel < kWheels - 1) {
    ++wheel;
    position = FindOccupied(wheel, Digit(wheel) + 1);
  }
  // Still none: what is set comes after the coarsest wheel's round, whose end is `kPositions`.
  const uint32_t shift = wheel * kWheelBits;
  return start_ms_ + (((tick_ >> shift) - Digit(wheel) + position) << shift);
}

}  // namespace ringway::base
