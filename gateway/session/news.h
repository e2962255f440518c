// SPDX-License-Identifier: Apache-2.0
//
// What sessions find that an operator wants to read, and no counter can tell: which page was
// refused, which server is out of use and why.
#pragma once

#include <cstdint>
#include <string_view>

#include "gateway/base/socket_address.h"
#include "gateway/config/config.h"

namespace ringway::session {

/// A handshake that was answered with 403. The views are what the client sent, as it came (at most
/// a head, any bytes), and live for the length of the call.
struct RefusedOrigin {
  const config::Route& route;
  base::SocketAddress client;
  std::string_view origin;
  std::string_view host;
  std::string_view path;
};

/// A request that was answered with 400 because others would read another route in its path. The
/// views are as those of RefusedOrigin.
struct RefusedPath {
  base::SocketAddress client;
  std::string_view host;
  std::string_view path;
  std::string_view reason;  ///< names the form
};

/// Its place in Config::backends, and in the servers there.
struct ServerId {
  uint32_t backend_index = 0;
  uint32_t server_index = 0;
};

/// A dial that try_timeout ended, although its backend has others that may be dialled.
struct GivenUpDial {
  ServerId server;
  base::SocketAddress address;  ///< of a unix socket without a family
  /// The address has not failed before, or none of the server's answers.
  bool is_news = true;
};

/// Called on the worker's thread; must be quick and must not throw. Who does not care overrides
/// nothing.
class News {
 public:
  virtual ~News() = default;

  virtual void OnOriginRefused(const RefusedOrigin& refused) { static_cast<void>(refused); }
  virtual void OnPathRefused(const RefusedPath& refused) { static_cast<void>(refused); }
  /// A client has asked a route of mode tcp with `?token=`, which websockify looks at and this
  /// gateway does not.
  virtual void OnTokenIgnored(const config::Route& route) { static_cast<void>(route); }
  virtual void OnDialGivenUp(const GivenUpDial& dial) { static_cast<void>(dial); }
  /// The session's connect_timeout ended a dial.
  virtual void OnDialTimedOut(ServerId server) { static_cast<void>(server); }
  /// The failure of a dial, which was told before, has ejected the server for a while.
  virtual void OnServerEjected(ServerId server) { static_cast<void>(server); }
  /// A dial of a server that was ejected succeeded.
  virtual void OnServerBack(ServerId server) { static_cast<void>(server); }
};

}  // namespace ringway::session
