// SPDX-License-Identifier: Apache-2.0
//
// Signals of the process: some are waited for, some are only noted, and the second that asks for
// the end does not wait for anybody.
#pragma once

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace ringway::server {

/// SIGTERM and SIGINT (the end), SIGUSR1 (a question), and SIGHUP, SIGUSR2, SIGQUIT and SIGALRM,
/// whose default would end the process and which mean nothing here. Made and destroyed by one
/// thread.
class Signals {
 public:
  /// Blocks them in the calling thread and every thread it starts later, and ignores SIGPIPE. To be
  /// made before any thread.
  static absl::StatusOr<Signals> Open();
  Signals(Signals&& from) noexcept;
  Signals& operator=(Signals&&) = delete;
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  /// Ends the thread of Watch.
  ~Signals();

  /// Starts a thread that takes them. The second SIGTERM or SIGINT calls `end_at_once` there, which
  /// has to end the process. WHY a thread: the main one may wait for a look-up of a name, a disk or
  /// a reader of the log at that moment.
  absl::Status Watch(std::function<void(int signal)> end_at_once);

  /// Waits until a signal comes or `other_fd` is readable. Returns the signal's number, or 0.
  /// REQUIRES: Watch.
  int WaitOr(int other_fd);

 private:
  struct State;
  explicit Signals(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// What stands in the log for a signal that means nothing here: "SIGHUP is ignored: ...".
const char* DescribeIgnored(int signal);

}  // namespace ringway::server
