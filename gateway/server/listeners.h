// SPDX-License-Identifier: Apache-2.0
//
// Listening sockets: for each listener of the configuration one SO_REUSEPORT socket a worker, so
// that the kernel spreads connections and workers share nothing.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gateway/accept/acceptor.h"
#include "gateway/base/socket_address.h"
#include "gateway/config/config.h"

namespace ringway::server {

/// Whether this machine lets a gateway listen there now; leaves nothing open. ALREADY_EXISTS:
/// another program does. An error is worded as those of Listeners::Open.
absl::Status CheckFree(const config::Listener& listener);

/// Owns the sockets; closes them at its end. Move-only.
class Listeners {
 public:
  /// An error names the listener, the address, the likely cause and what to do.
  static absl::StatusOr<Listeners> Open(const config::Config& config, uint32_t workers);

  Listeners(Listeners&& from) noexcept = default;
  Listeners& operator=(Listeners&& from) noexcept = default;
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;
  ~Listeners();

  /// From now on nobody can connect; accepts end with an error. Any thread, once the workers know
  /// that they drain.
  void Refuse() const;

  /// The sockets of one worker, lent.
  const std::vector<accept::ListeningSocket>& of_worker(uint32_t worker) const {
    return by_worker_[worker];
  }
  /// Address of each listener of the configuration, with the port that the kernel chose.
  const std::vector<base::SocketAddress>& addresses() const { return addresses_; }

 private:
  Listeners() = default;

  std::vector<std::vector<accept::ListeningSocket>> by_worker_;
  std::vector<base::SocketAddress> addresses_;
};

}  // namespace ringway::server
