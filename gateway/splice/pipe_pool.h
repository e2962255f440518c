// SPDX-License-Identifier: Apache-2.0
//
// The pipes of one worker. A direction of a session holds one only while bytes are in it, so a few
// serve thousands of sessions. They are opened when they are needed for the first time, sized once,
// and kept.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "gateway/base/counters.h"
#include "uring/kernel.h"

namespace ringway::splice {

inline constexpr uint16_t kNoPipe = 0xffff;
/// What a pipe is asked to hold. WHY 256 KiB: a splice from a socket then takes all of a message of
/// 64 KiB whose segments fill their pages badly; four times as much no longer made bulk faster.
inline constexpr uint32_t kPipeBytes = 256 * 1024;
/// A pipe that the kernel makes smaller is not used. WHY: an unprivileged user gets pipes of two
/// pages when his are too many (pipe(7), pipe-user-pages-soft), and a buffer is better than those.
inline constexpr uint32_t kPipeBytesMin = 64 * 1024;
/// The longest frame header that a gateway sends.
inline constexpr size_t kAheadBytesMax = 10;

struct Pipe {
  uring::PipeEnds ends;
  uint32_t bytes = 0;  ///< in it
  /// What has to leave before them, and how much of it has not.
  std::array<uint8_t, kAheadBytesMax> ahead{};
  uint8_t ahead_bytes = 0;
};

/// One thread. The kernel must outlive it.
class PipePool {
 public:
  /// At most `count_max` pipes, less than kNoPipe.
  PipePool(uring::Kernel& kernel, base::Counters& counters, uint32_t count_max);
  ~PipePool();
  PipePool(const PipePool&) = delete;
  PipePool& operator=(const PipePool&) = delete;

  /// An empty pipe, or kNoPipe: all are out, or the kernel has none of use.
  [[nodiscard]] uint16_t TryTake();
  /// Takes a pipe back. One that is not empty is closed, and what is in it is lost.
  void Return(uint16_t index);

  Pipe& operator[](uint16_t index) { return pipes_[index]; }
  /// Pipes that somebody holds.
  uint32_t taken() const { return static_cast<uint32_t>(pipes_.size() - free_.size()); }
  uint32_t open() const { return open_; }

 private:
  bool Open(Pipe& pipe);
  void Close(Pipe& pipe);

  uring::Kernel* kernel_;
  base::Counters* counters_;
  std::vector<Pipe> pipes_;
  std::vector<uint16_t> free_;  ///< a stack: the pipe that was used last is taken first
  uint32_t open_ = 0;
};

}  // namespace ringway::splice
