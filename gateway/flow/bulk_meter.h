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
  /// Bulk raises the score by two and anything else lowers it by one. WHY not a streak: a message
  /// of 64 KiB and its header come as one full buffer and a few bytes.
  static constexpr int8_t kScoreMax = 16;

  /// So many bytes came at once.
  void OnBytes(uint32_t bytes) {
    const int step = bytes >= kBulkBytes ? 2 : -1;
    score_ = static_cast<int8_t>(std::clamp<int>(score_ + step, 0, kScoreMax));
    if (score_ == kScoreMax) is_bulk_ = true;
    if (score_ == 0) is_bulk_ = false;
  }

  /// There was no pipe to be had: begin to count anew.
  void Reset() { *this = {}; }

  bool is_bulk() const { return is_bulk_; }

 private:
  int8_t score_ = 0;
  bool is_bulk_ = false;
};

}  // namespace ringway::flow
