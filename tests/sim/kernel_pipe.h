// SPDX-License-Identifier: Apache-2.0
//
// A pipe as pipe(7) has it: it counts slots, not bytes. What it grants is a number of pages; each
// piece of memory that is moved into it takes one slot, be it a byte or eight pages long. So many
// small segments fill it early, and few large ones fill it beyond the bytes that it was asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace ringway::sim {

struct Connection;

inline constexpr uint32_t kPageBytes = 4096;
/// Linux: what a pipe has when nobody asks, and what an unprivileged user may ask for.
inline constexpr uint32_t kPipeBytesUsual = 16 * kPageBytes;
inline constexpr uint32_t kPipeBytesMax = 1024 * 1024;
/// Received bytes lie in pieces of at most so many: the page fragments of a socket (order 3).
inline constexpr uint32_t kFragmentBytesMax = 8 * kPageBytes;

class KernelPipe {
 public:
  /// `bytes`: a power of two, at least a page.
  explicit KernelPipe(uint32_t bytes) : slots_(bytes / kPageBytes) {}

  /// What F_SETPIPE_SZ makes of a wish: whole pages, their number a power of two.
  static uint32_t Granted(uint32_t bytes);

  size_t slots_free() const { return slots_ - pieces_.size(); }
  size_t size() const { return bytes_; }

  /// REQUIRES: a slot is free, and the piece is not empty.
  void Push(std::vector<uint8_t> piece);
  /// The oldest bytes that lie together. REQUIRES: size() > 0.
  std::span<const uint8_t> Front() const;
  /// Forgets `bytes` of the front: a slot is free when its last byte is gone.
  void Pop(size_t bytes);

  bool read_open = true;
  bool write_open = true;
  /// Where its last bytes came from.
  Connection* source = nullptr;

 private:
  size_t slots_;
  size_t bytes_ = 0;
  size_t front_at_ = 0;  ///< of the first piece: bytes that have left
  std::deque<std::vector<uint8_t>> pieces_;
};

}  // namespace ringway::sim
