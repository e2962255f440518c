// SPDX-License-Identifier: Apache-2.0
//
// What a configuration says, after it has been checked: plain structs that nobody changes after
// ParseConfig() has built them. Names are already resolved to indices, texts to numbers, units to
// nanoseconds and bytes, so that no later room can meet a configuration that is wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gateway/base/limits.h"
#include "gateway/base/socket_address.h"

namespace ringway::config {

/// How many of each thing one configuration may hold. Routes are searched in order for each
/// handshake (gateway/route/table.h): ten times as many would cost that search tens of
/// microseconds.
inline constexpr size_t kListenersMax = 64;
inline constexpr size_t kRoutesMax = 1024;
inline constexpr size_t kBackendsMax = 1024;
inline constexpr size_t kServersPerBackendMax = 64;
inline constexpr size_t kSourcesPerBackendMax = 64;
inline constexpr size_t kSubprotocolsPerRouteMax = 32;
inline constexpr size_t kOriginsPerRouteMax = 64;
/// What a limit on sessions may be set to: more than a machine has descriptors for.
inline constexpr uint32_t kSessionsMax = 16'777'215;

enum class LogLevel : uint8_t { kTrace, kDebug, kInfo, kWarn, kError };

struct Gateway {
  /// Worker threads; 0: "auto", one for each processor that this process may use.
  uint32_t workers = 0;
  LogLevel log_level = LogLevel::kInfo;
  /// Absolute path of the inspection socket (at most 107 bytes: sun_path); empty: none.
  std::string control_socket;
  /// The names of servers are looked up again after so long.
  uint64_t resolve_interval_ns = 30'000'000'000;
};

struct Listener {
  std::string name;
  /// A numeric address in its canonical text, IPv6 without brackets: "127.0.0.1", "::1".
  std::string host;
  /// 0: the kernel chooses.
  uint16_t port = 0;
};

/// What a route does with a client's messages.
enum class Mode : uint8_t {
  kTcp,  ///< Payload of data frames becomes a byte stream to the backend, and back.
};

/// The opcode of the frames that carry a backend's bytes to the client.
enum class Frames : uint8_t { kBinary, kText };

enum class PathMatch : uint8_t { kExact, kPrefix };

struct Route {
  std::string name;
  /// Place of this route in Config::routes.
  uint32_t index = 0;
  /// Place in Config::listeners.
  uint32_t listener_index = 0;
  /// Place in Config::backends.
  uint32_t backend_index = 0;
  /// Lower case, no port, no trailing dot, IPv6 in brackets; empty: any host.
  std::string host;
  /// For kExact the whole path; for kPrefix what it must begin with, with its last slash ("/x/" for
  /// the pattern "/x/*").
  std::string path;
  PathMatch path_match = PathMatch::kExact;
  Mode mode = Mode::kTcp;
  Frames frames = Frames::kBinary;
  /// Those that may be chosen, by the client's order; empty: none is offered or asked for.
  std::vector<std::string> subprotocols;
  /// As written; {"*"}: any; empty: not enforced.
  std::vector<std::string> origins;
  /// Sessions of this route at once, over all workers; 0: no limit of its own.
  uint32_t sessions_max = 0;
};

struct Server {
  /// A name to be resolved elsewhere, or a numeric address (IPv6 without brackets).
  std::string host;
  /// 1 to 65535.
  uint16_t port = 0;
};

struct Backend {
  std::string name;
  /// At least one.
  std::vector<Server> servers;
  /// From the choice of a server to a connection, over all servers that are tried.
  uint64_t connect_timeout_ns = 5'000'000'000;
  /// Addresses of this machine that connections leave from, in turn; port 0. Each gives one server
  /// some 28,000 connections more. Empty: the kernel chooses.
  std::vector<base::SocketAddress> sources;
};

struct Config {
  Gateway gateway;
  std::vector<Listener> listeners;
  std::vector<Route> routes;
  std::vector<Backend> backends;
  base::Limits limits;
};

}  // namespace ringway::config
