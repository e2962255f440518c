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

#include "gateway/base/address_range.h"
#include "gateway/base/limits.h"
#include "gateway/base/socket_address.h"
#include "gateway/config/status_range.h"

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
inline constexpr size_t kTrustedProxiesMax = 64;
inline constexpr size_t kHealthStatusesMax = 16;
inline constexpr uint32_t kWeightMax = 256;
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
  /// Proxies whose word on the client (Forwarded, X-Forwarded-*, a PROXY header) is taken.
  std::vector<base::AddressRange> trusted_proxies;
  /// Every connection begins with a PROXY header and comes from a trusted proxy; others are closed.
  bool proxy_protocol = false;
};

/// What a route does with a client's messages.
enum class Mode : uint8_t {
  kTcp,        ///< Payload of data frames becomes a byte stream to the backend, and back.
  kWebSocket,  ///< The backend speaks WebSocket: its 101 is relayed, then bytes pass unread.
  kStatic,     ///< No backend: GET and HEAD are answered with the files of a folder.
};

/// Whether bulk bytes may pass through a pipe, without entering user space.
enum class Splice : uint8_t { kAuto, kOff };

/// What is looked at in a WebSocket that passes through.
enum class Inspect : uint8_t {
  kOff,      ///< nothing
  kHeaders,  ///< frame headers: counts, sizes, message boundaries; never payload
};

/// The opcode of the frames that carry a backend's bytes to the client.
enum class Frames : uint8_t { kBinary, kText };

enum class PathMatch : uint8_t { kExact, kPrefix };

/// What a route of mode kStatic answers with.
struct StaticFiles {
  /// Absolute path of a folder, 1 to 4095 bytes, without a slash at its end unless it is "/".
  std::string root;
  /// Of a folder that is asked for by its path and a slash: one file name of 1 to 255 bytes.
  std::string index = "index.html";
  /// What is sent with 200 where no file has the path that was asked for: a path below the root of
  /// at most 4095 bytes, without a slash at either end. Empty: a 404.
  std::string fallback;
  /// The Cache-Control of each file, at most 128 bytes of visible ASCII and spaces; empty: none.
  std::string cache_control;
  /// Whether a sibling with .br or .gz behind its name is sent to who accepts that coding.
  bool precompressed = false;
};

struct Route {
  std::string name;
  /// Place of this route in Config::routes.
  uint32_t index = 0;
  /// Place in Config::listeners.
  uint32_t listener_index = 0;
  /// Place in Config::backends; of mode kStatic, which has none, 0.
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
  Splice splice = Splice::kAuto;
  Inspect inspect = Inspect::kOff;
  /// kWebSocket: the Host that the backend is told; empty: the client's.
  std::string backend_host;
  /// kStatic only.
  StaticFiles files;
};

/// How a backend's sessions are spread over its servers.
enum class Balance : uint8_t {
  kLeastSessions,  ///< fewest sessions for its weight, over all workers
  kRoundRobin,     ///< in turn, by weight; each worker takes its own turns
  kRandomTwo,      ///< the one with fewer sessions of two by chance
  kSourceHash,     ///< by the client's address, consistently: a server less moves only its own
};

/// Which PROXY header a backend's connections begin with.
enum class ProxyHeader : uint8_t { kNone, kV1, kV2 };

/// How servers are probed.
enum class HealthCheck : uint8_t { kOff, kTcp, kHttp };

struct Health {
  /// Dials that fail in a row until a server is ejected; 0: never.
  uint32_t failures_max = 3;
  /// Of the first ejection; each that follows takes twice as long, up to the maximum.
  uint64_t eject_time_ns = 5'000'000'000;
  uint64_t eject_time_max_ns = 300'000'000'000;
  HealthCheck check = HealthCheck::kOff;
  uint64_t interval_ns = 2'000'000'000;
  /// Of one probe; at most the interval.
  uint64_t timeout_ns = 1'000'000'000;
  /// Probes in a row that must succeed until a server counts as healthy, or fail until it does not.
  uint32_t rise = 2;
  uint32_t fall = 3;
  /// kHttp: what is asked for with GET, and one of which statuses it must bring.
  std::string path = "/";
  std::vector<StatusRange> statuses = {{.first = 200, .last = 200}};
};

struct Server {
  /// A name to be resolved elsewhere, or a numeric address (IPv6 without brackets).
  std::string host;
  /// 1 to 65535.
  uint16_t port = 0;
  /// Absolute path of a unix socket (at most 107 bytes: sun_path); then there is no host and port.
  std::string unix_path;
  /// 1 to kWeightMax; its share of the sessions beside the weights of the others.
  uint32_t weight = 1;
};

struct Backend {
  std::string name;
  /// At least one.
  std::vector<Server> servers;
  /// From the choice of a server to a connection, over all servers and addresses that are tried.
  uint64_t connect_timeout_ns = 5'000'000'000;
  /// Of which one address that does not answer costs so much, if there is another one or another
  /// server. WHY a quarter: TCP repeats a lost SYN after a second, and still comes in time.
  uint64_t try_timeout_ns = connect_timeout_ns / 4;
  /// Addresses of this machine that connections leave from, in turn; port 0. Each gives one server
  /// some 28,000 connections more. Empty: the kernel chooses.
  std::vector<base::SocketAddress> sources;
  Balance balance = Balance::kLeastSessions;
  /// Sessions of one server at once, over all workers; 0: no limit.
  uint32_t sessions_per_server_max = 0;
  ProxyHeader proxy_header = ProxyHeader::kNone;
  Health health;
};

struct Config {
  Gateway gateway;
  std::vector<Listener> listeners;
  std::vector<Route> routes;
  std::vector<Backend> backends;
  base::Limits limits;
  /// The durations and sizes among the limits as they were written ("1MB"), by LimitRows(); empty
  /// where one was not. For people only: `limits` is what counts.
  std::vector<std::string> limit_texts;
};

}  // namespace ringway::config
