// SPDX-License-Identifier: Apache-2.0
//
// SIGTERM, SIGINT and SIGUSR1 as something to wait for.
#pragma once

#include "absl/status/statusor.h"

namespace ringway::server {

/// Blocks the three in the calling thread and every thread it starts later, and ignores SIGPIPE. To
/// be made before any thread. One thread.
class Signals {
 public:
  static absl::StatusOr<Signals> Open();
  Signals(Signals&& from) noexcept;
  Signals& operator=(Signals&&) = delete;
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();

  /// Waits until a signal comes or `other_fd` is readable. Returns the signal's number, or 0.
  int WaitOr(int other_fd);

 private:
  explicit Signals(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace ringway::server
