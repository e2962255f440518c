// SPDX-License-Identifier: Apache-2.0
//
// `ringway demo`: a configuration and a backend of its own, so that there is something to try
// before anything is written.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "gateway/base/socket_address.h"
#include "gateway/config/config.h"
#include "gateway/server/echo_service.h"

namespace ringway::server {

class Demo {
 public:
  /// Starts the echo service and builds a configuration that routes /echo on `address` to it.
  static absl::StatusOr<std::unique_ptr<Demo>> Start(const std::string& address);

  const std::shared_ptr<const config::Config>& config() const { return config_; }
  /// What a person sees: the address, and two commands to try.
  std::string Greeting(const base::SocketAddress& listening) const;

 private:
  Demo() = default;

  std::unique_ptr<EchoService> echo_;
  std::shared_ptr<const config::Config> config_;
};

}  // namespace ringway::server
