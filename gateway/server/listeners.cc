// SPDX-License-Identifier: Apache-2.0
//
// socket, bind, listen, and why not.
#include "gateway/server/listeners.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gateway/server/address.h"

namespace ringway::server {
namespace {

absl::Status Error(const config::Listener& listener, const char* call, int error) {
  const char* hint = "";
  if (error == EADDRINUSE) {
    hint = "; another program listens there: end it, or choose another port (0: any free one)";
  } else if (error == EACCES) {
    hint = "; ports below 1024 need CAP_NET_BIND_SERVICE";
  } else if (error == EADDRNOTAVAIL) {
    hint = "; no interface of this machine has that address";
  }
  const auto code =
      error == EADDRINUSE ? absl::StatusCode::kAlreadyExists : absl::StatusCode::kUnavailable;
  return {code, absl::StrCat("listener \"", listener.name, "\": ", call, " on ", listener.host,
                             " port ", listener.port, ": ", std::strerror(error), hint)};
}

/// What the accepted sockets inherit. A client whose FIN waits behind bytes that do not fit into
/// our socket, or who has vanished while he is not read, is seen by nothing else. No failure ends a
/// gateway: without it such a session ends with idle_timeout.
void KeepAlive(int fd, const base::Limits& limits) {
  constexpr uint64_t kNsPerS = 1'000'000'000;
  static constexpr uint64_t kSecondsMax = 32'767;  // tcp(7)
  constexpr int kProbes = 3;
  if (limits.ping_interval_ns == 0) return;
  const auto seconds = [](uint64_t ns) {
    return static_cast<int>(std::clamp<uint64_t>((ns + kNsPerS - 1) / kNsPerS, 1, kSecondsMax));
  };
  const int on = 1;
  const int idle_s = seconds(limits.ping_interval_ns);
  const int interval_s = seconds(limits.pong_timeout_ns / kProbes);
  const int probes = kProbes;
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

absl::StatusOr<int> OpenOne(const config::Listener& listener, const base::Limits& limits,
                            uint16_t port) {
  sockaddr_storage address;
  const socklen_t bytes = ToSockaddr(listener.host.c_str(), port, &address);
  if (bytes == 0) return Error(listener, "address", EINVAL);
  const int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Error(listener, "socket", errno);
  const int on = 1;
  const char* failed = nullptr;
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) {
    failed = "SO_REUSEADDR";
  } else if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
    failed = "SO_REUSEPORT";
  } else if (address.ss_family == AF_INET6 &&
             setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) {
    failed = "IPV6_V6ONLY";
  } else if (bind(fd, reinterpret_cast<const sockaddr*>(&address), bytes) != 0) {
    failed = "bind";
  } else if (listen(fd, accept::kBacklog) != 0) {
    failed = "listen";
  }
  if (failed == nullptr) {
    KeepAlive(fd, limits);
    return fd;
  }
  const int error = errno;
  close(fd);
  return Error(listener, failed, error);
}

base::SocketAddress AddressOf(int fd) {
  sockaddr_storage address{};
  socklen_t bytes = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &bytes) != 0) return {};
  return FromSockaddr(reinterpret_cast<const sockaddr*>(&address));
}

}  // namespace

// WHY: with SO_REUSEPORT a second gateway of the same user would share the port without a word,
// and take half of the connections. A socket without the option finds that out.
absl::Status CheckFree(const config::Listener& listener) {
  sockaddr_storage address;
  const socklen_t bytes = ToSockaddr(listener.host.c_str(), listener.port, &address);
  if (bytes == 0) return Error(listener, "address", EINVAL);
  const int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return Error(listener, "socket", errno);
  const int on = 1;
  int result = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (result == 0 && address.ss_family == AF_INET6) {
    result = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  if (result == 0) result = bind(fd, reinterpret_cast<const sockaddr*>(&address), bytes);
  const int error = result == 0 ? 0 : errno;
  close(fd);
  return error == 0 ? absl::OkStatus() : Error(listener, "bind", error);
}

absl::StatusOr<Listeners> Listeners::Open(const config::Config& config, uint32_t workers) {
  Listeners listeners;
  listeners.by_worker_.resize(workers);
  for (uint32_t index = 0; index < config.listeners.size(); ++index) {
    const config::Listener& listener = config.listeners[index];
    if (absl::Status status = CheckFree(listener); !status.ok()) return status;
    uint16_t port = listener.port;
    for (uint32_t worker = 0; worker < workers; ++worker) {
      const auto fd = OpenOne(listener, config.limits, port);
      if (!fd.ok()) return fd.status();
      listeners.by_worker_[worker].push_back({.fd = *fd, .listener_index = index});
      if (worker > 0) continue;
      listeners.addresses_.push_back(AddressOf(*fd));
      port = listeners.addresses_.back().port;
    }
  }
  return listeners;
}

void Listeners::Refuse() const {
  for (const auto& sockets : by_worker_) {
    // It fails for a socket that was shut down before, which is as well.
    for (const accept::ListeningSocket& socket : sockets) shutdown(socket.fd, SHUT_RD);
  }
}

Listeners::~Listeners() {
  for (const auto& sockets : by_worker_) {
    for (const accept::ListeningSocket& socket : sockets) close(socket.fd);
  }
}

}  // namespace ringway::server
