// SPDX-License-Identifier: Apache-2.0
//
// Whether one direction of a session carries bulk: then its bytes are better moved through a pipe
// than copied into buffers and out again. With hysteresis, because each change of way costs a
// cancelled receive.
#pragma once

#include <algorithm>
#include <cstdint>

namespace ringway::flow {

/// Two bytes a link. One thread.
class BulkMeter {
 public:
  /// What one receive or one splice must bring to count as bulk. WHY 16 KiB: below it the two
  /// system calls of a splice and the poll before them cost more than the two copies they save.
  static constexpr uint32_t kBulkBytes = 16 * 1024;
  /// The same where a frame header is sent in front of each splice. WHY so much more: the header
  /// costs a system call of its own. With messages of 64 KiB the copies were cheaper by 5 %, with
  /// those of 1 MiB, some 220 KiB a splice, dearer by 15 % (Linux 6.18, loopback).
  static constexpr uint32_t kFramedBulkBytes = 128 * 1024;
  /// Bulk raises the score by two and anything else lowers it by one. WHY not a streak: a message
  /// of 64 KiB and its header come as one full buffer and a few bytes.
  static constexpr int8_t kScoreMax = 16;

  /// A receive brought so many bytes. It is judged together with those right before it that were
  /// large too: a buffer alone may hold less than `least_bytes`.
  void OnReceived(uint32_t bytes, uint32_t least_bytes) {
    row_ = bytes < kBulkBytes ? 0 : std::min(row_ + bytes / kBulkBytes, kRowMax) & kRowMax;
    Count(row_ * kBulkBytes >= least_bytes && row_ > 0);
  }

  /// A splice took so many bytes.
  void OnSpliced(uint32_t bytes, uint32_t least_bytes) {
    row_ = 0;
    Count(bytes >= least_bytes);
  }

  /// There was no pipe to be had: begin to count anew.
  void Reset() { *this = {}; }

  bool is_bulk() const { return is_bulk_; }

 private:
  void Count(bool is_large) {
    score_ = static_cast<int8_t>(std::clamp<int>(score_ + (is_large ? 2 : -1), 0, kScoreMax));
    if (score_ == kScoreMax) is_bulk_ = true;
    if (score_ == 0) is_bulk_ = false;
  }

  static constexpr uint32_t kRowMax = 127;
  static_assert(kRowMax * kBulkBytes >= kFramedBulkBytes);

  int8_t score_ = 0;
  uint8_t row_ : 7 = 0;  ///< units of kBulkBytes that large receives brought in a row
  bool is_bulk_ : 1 = false;
};

}  // namespace ringway::flow
