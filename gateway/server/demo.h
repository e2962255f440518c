// SPDX-License-Identifier: Apache-2.0
//
// `ringway demo`: a configuration, a backend and a page of its own, so that there is something to
// try before anything is written.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "gateway/base/socket_address.h"
#include "gateway/config/config.h"
#include "gateway/server/echo_service.h"

namespace ringway::server {

/// The folder of the demo's page, for the executable `program`, an absolute path: `page` beside it,
/// where the build puts it, or `../share/ringway/page` from there, where it is installed. Empty:
/// there is no page in either.
std::string FindPage(const std::filesystem::path& program);

class Demo {
 public:
  /// Starts the echo service and builds a configuration that routes /echo on `address` to it, and
  /// all else to the files of `page`, a folder; empty: to nothing.
  static absl::StatusOr<std::unique_ptr<Demo>> Start(const std::string& address,
                                                     const std::string& page);

  const std::shared_ptr<const config::Config>& config() const { return config_; }
  /// What a person sees: the addresses, and two commands to try.
  std::string Greeting(const base::SocketAddress& listening) const;
  bool has_page() const { return has_page_; }

 private:
  Demo() = default;

  std::unique_ptr<EchoService> echo_;
  std::shared_ptr<const config::Config> config_;
  bool has_page_ = false;
};

}  // namespace ringway::server
