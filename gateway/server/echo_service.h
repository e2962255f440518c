// SPDX-License-Identifier: Apache-2.0
//
// The TCP echo service of the demo: what comes back is what was sent, until the client half-closes.
#pragma once

#include <cstdint>
#include <memory>
#include <thread>

#include "absl/status/statusor.h"

namespace ringway::server {

/// One thread on epoll, on 127.0.0.1. At most kConnectionsMax at once; more wait in the backlog.
/// A connection holds a buffer only while its reader is slower than its writer.
class EchoService {
 public:
  static constexpr uint32_t kConnectionsMax = 4096;

  /// Listens on a port that the kernel chooses, and serves until destruction.
  static absl::StatusOr<std::unique_ptr<EchoService>> Start();
  ~EchoService();
  EchoService(const EchoService&) = delete;
  EchoService& operator=(const EchoService&) = delete;

  uint16_t port() const { return port_; }

 private:
  EchoService() = default;

  int listen_fd_ = -1;
  int stop_fd_ = -1;
  uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace ringway::server
