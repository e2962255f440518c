// SPDX-License-Identifier: Apache-2.0
//
// Connects and what their results mean.
#include "gateway/dial/dialer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "uring/user_data.h"

namespace ringway::dial {
namespace {

socklen_t ToSockaddr(const base::SocketAddress& address, sockaddr_storage* out) {
  *out = {};
  if (address.family == base::AddressFamily::kIpv6) {
    auto* ipv6 = reinterpret_cast<sockaddr_in6*>(out);
    ipv6->sin6_family = AF_INET6;
    ipv6->sin6_port = htons(address.port);
    std::memcpy(&ipv6->sin6_addr, address.bytes.data(), sizeof ipv6->sin6_addr);
    return sizeof *ipv6;
  }
  auto* ipv4 = reinterpret_cast<sockaddr_in*>(out);
  ipv4->sin_family = AF_INET;
  ipv4->sin_port = htons(address.port);
  std::memcpy(&ipv4->sin_addr, address.bytes.data(), sizeof ipv4->sin_addr);
  return sizeof *ipv4;
}

socklen_t ToSockaddr(const Server& server, sockaddr_storage* out) {
  if (server.unix_path.empty()) return ToSockaddr(server.address, out);
  *out = {};
  auto* local = reinterpret_cast<sockaddr_un*>(out);
  local->sun_family = AF_UNIX;
  // The configuration refuses a path that is longer.
  server.unix_path.copy(local->sun_path, sizeof local->sun_path - 1);
  return sizeof *local;
}

int FamilyOf(const Server& server) {
  if (!server.unix_path.empty()) return AF_UNIX;
  return server.address.family == base::AddressFamily::kIpv6 ? AF_INET6 : AF_INET;
}

/// A socket that could not be bound. WHY not its errno: EADDRNOTAVAIL would look like a connect
/// that found no port.
constexpr int kBindFailed = -ENODEV;

}  // namespace

const char* Describe(DialOutcome outcome) {
  switch (outcome) {
    case DialOutcome::kConnected:
      return "connected";
    case DialOutcome::kRefused:
      return "the backend refused the connection";
    case DialOutcome::kUnreachable:
      return "the backend is unreachable";
    case DialOutcome::kTimedOut:
      return "the backend did not answer in time";
    case DialOutcome::kNoLocalPort:
      return "no local port is free towards the backend";
    case DialOutcome::kNoSource:
      return "the gateway has no such address to connect from";
    case DialOutcome::kNoDescriptor:
      return "the gateway has no descriptor left";
    case DialOutcome::kCancelled:
      return "the dial was cancelled";
    case DialOutcome::kUnexpected:
      break;
  }
  return "the backend could not be reached";
}

const char* DescribeForOperator(DialOutcome outcome) {
  switch (outcome) {
    case DialOutcome::kNoLocalPort:
      return "no local port is free towards the backend: give it more addresses in `source`, or "
             "widen net.ipv4.ip_local_port_range";
    case DialOutcome::kNoSource:
      return "an address in the backend's `source` is none of this machine: add it to an interface "
             "or take it out";
    default:
      return Describe(outcome);
  }
}

int Dialer::OpenSocket(const Server& server, const base::SocketAddress* source) {
  const int family = FamilyOf(server);
  const int fd = ring_->kernel().OpenSocket(family);
  // A socket without TCP_NODELAY works, only later: not a reason to refuse a session.
  if (fd >= 0 && family != AF_UNIX) static_cast<void>(ring_->kernel().SetNoDelay(fd));
  if (fd < 0 || source == nullptr) return fd;
  sockaddr_storage address;
  const socklen_t bytes = ToSockaddr(*source, &address);
  if (ring_->kernel().BindSource(fd, address, bytes) == 0) return fd;
  static_cast<void>(ring_->kernel().Close(fd));
  return kBindFailed;
}

void Dialer::Connect(base::LinkId id, int fd, const Server& server) {
  sockaddr_storage& address = addresses_.Take(*ring_);
  const socklen_t bytes = ToSockaddr(server, &address);
  io_uring_sqe* sqe = ring_->NextEntry();
  io_uring_prep_connect(sqe, fd, reinterpret_cast<const sockaddr*>(&address), bytes);
  sqe->user_data = uring::UserData{.kind = static_cast<uint8_t>(base::Operation::kConnect),
                                   .generation = id.generation,
                                   .slot = id.slot}
                       .Pack();
  counters_->dials.Add(1);
}

DialOutcome Dialer::Classify(int error) {
  switch (error) {
    case 0:
      return DialOutcome::kConnected;
    case ECONNREFUSED:
    case ECONNRESET:
    case ENOENT:  // a unix socket: nobody has bound it
    case EAGAIN:  // a unix socket: its backlog is full
      return DialOutcome::kRefused;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EACCES:
    case EPERM:
    case EAFNOSUPPORT:
      return DialOutcome::kUnreachable;
    case ETIMEDOUT:
      return DialOutcome::kTimedOut;
    case EADDRNOTAVAIL:
    case EADDRINUSE:
      return DialOutcome::kNoLocalPort;
    case -kBindFailed:
      return DialOutcome::kNoSource;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return DialOutcome::kNoDescriptor;
    case ECANCELED:
    case EINTR:
      return DialOutcome::kCancelled;
    default:
      return DialOutcome::kUnexpected;
  }
}

DialOutcome Dialer::OnCompletion(const io_uring_cqe& cqe) {
  const DialOutcome outcome = Classify(-cqe.res);
  if (outcome == DialOutcome::kUnexpected) counters_->completions_unexpected.Add(1);
  const bool is_done = outcome == DialOutcome::kConnected || outcome == DialOutcome::kCancelled;
  if (!is_done) counters_->dials_failed.Add(1);
  if (outcome == DialOutcome::kNoLocalPort) counters_->dials_without_port.Add(1);
  return outcome;
}

DialOutcome Dialer::OnSocketError(int error) {
  counters_->dials_failed.Add(1);
  return Classify(-error);
}

}  // namespace ringway::dial
