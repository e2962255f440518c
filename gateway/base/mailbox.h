// SPDX-License-Identifier: Apache-2.0
//
// What other threads want of one: a queue of fixed capacity with many writers and one reader, none
// of whom waits for another. Dmitry Vyukov's bounded queue: a cell carries the number of the round
// in which it may be written, and the next in which it may be read. What stands behind a piece that
// is just being written is seen after it: so who posts wakes the reader afterwards, each by
// himself.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <utility>

namespace ringway::base {

/// What must not be lost may take the last cells too.
enum class Urgency : uint8_t { kOrdinary, kUrgent };

template <typename T, uint32_t kCells>
class Mailbox {
  static_assert(std::has_single_bit(kCells) && kCells >= 8);

 public:
  /// Cells that only urgent mail may take.
  static constexpr uint32_t kUrgentCells = 4;

  Mailbox() {
    for (uint32_t i = 0; i < kCells; ++i) cells_[i].round.store(i, std::memory_order_relaxed);
  }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /// Any thread. False: there is no room, and `mail` is what it was. What one thread posts is taken
  /// in its order; who was posted first of two threads nobody promises.
  [[nodiscard]] bool TryPost(T&& mail, Urgency urgency = Urgency::kOrdinary) {
    uint32_t at = tail_.load(std::memory_order_relaxed);
    while (true) {
      // Negative: others have posted, and the reader has taken, since `at` was looked at.
      const auto held = static_cast<int32_t>(at - head_.load(std::memory_order_relaxed));
      if (held >= static_cast<int32_t>(kCells - kUrgentCells) && urgency == Urgency::kOrdinary) {
        return false;
      }
      Cell& cell = cells_[at % kCells];
      const auto behind = static_cast<int32_t>(cell.round.load(std::memory_order_acquire) - at);
      if (behind < 0) return false;
      if (behind > 0) {
        at = tail_.load(std::memory_order_relaxed);
      } else if (tail_.compare_exchange_weak(at, at + 1, std::memory_order_relaxed)) {
        cell.mail = std::move(mail);
        cell.round.store(at + 1, std::memory_order_release);
        return true;
      }
    }
  }

  /// The reader's thread. False: there is none.
  [[nodiscard]] bool TryTake(T& mail) {
    const uint32_t at = head_.load(std::memory_order_relaxed);
    Cell& cell = cells_[at % kCells];
    if (cell.round.load(std::memory_order_acquire) != at + 1) return false;
    mail = std::move(cell.mail);
    cell.mail = T();
    cell.round.store(at + kCells, std::memory_order_release);
    head_.store(at + 1, std::memory_order_relaxed);
    return true;
  }

 private:
  struct Cell {
    std::atomic<uint32_t> round;
    T mail;
  };

  // Writers and the reader each have a cache line.
  alignas(64) std::atomic<uint32_t> tail_{0};
  alignas(64) std::atomic<uint32_t> head_{0};
  alignas(64) std::array<Cell, kCells> cells_;
};

}  // namespace ringway::base
