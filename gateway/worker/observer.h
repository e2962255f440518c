// SPDX-License-Identifier: Apache-2.0
//
// What a worker tells about its sessions to whoever keeps a log.
#pragma once

#include <cerrno>
#include <cstdint>
#include <string_view>

#include "gateway/base/socket_address.h"
#include "gateway/dial/dialer.h"
#include "gateway/session/ending.h"
#include "gateway/session/news.h"

namespace ringway::worker {

/// A session that is over. Views live for the length of the call.
struct SessionEnd {
  base::SocketAddress client;
  std::string_view route;  ///< empty: none was found
  session::Ending ending;
  bool upgraded = false;  ///< whether a 101 was sent
  bool cut = false;       ///< the closing did not end in time
  /// The backend had ended or reset its connection, and the client did not take what came before.
  bool backend_left = false;
  uint64_t duration_ns = 0;
  uint64_t client_bytes_in = 0;
  uint64_t client_bytes_out = 0;
  uint64_t backend_bytes_in = 0;
  uint64_t backend_bytes_out = 0;
  uint64_t client_bytes_spliced = 0;   ///< of client_bytes_in: those that passed through a pipe
  uint64_t backend_bytes_spliced = 0;  ///< the same of backend_bytes_in
  uint64_t messages_in = 0;
  uint64_t frames_out = 0;
};

/// A dial that failed by what the kernel said, or that was given up for another one; those that
/// connect_timeout ends are session::News.
struct DialFailure {
  session::ServerId server;
  base::SocketAddress address;  ///< of a unix socket without a family
  dial::DialOutcome outcome = dial::DialOutcome::kUnexpected;
  int error = 0;  ///< errno
  /// The address has not failed before, or none of the server's answers.
  bool is_news = true;
};

/// Called on the worker's thread; must be quick and must not throw.
class Observer : public session::News {
 public:
  virtual void OnSessionEnd(const SessionEnd& end) = 0;
  virtual void OnDialFailed(const DialFailure& failure) = 0;
  void OnDialGivenUp(const session::GivenUpDial& dial) final {
    OnDialFailed({.server = dial.server,
                  .address = dial.address,
                  .outcome = dial::DialOutcome::kTimedOut,
                  .error = ETIMEDOUT,
                  .is_news = dial.is_news});
  }
  /// Accept stopped for want of a slot, descriptor or memory.
  virtual void OnAcceptPaused(std::string_view why) = 0;
};

}  // namespace ringway::worker
