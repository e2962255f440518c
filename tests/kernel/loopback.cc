// SPDX-License-Identifier: Apache-2.0
//
// Plain socket calls.
#include "tests/kernel/loopback.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace ringway::loopback {
namespace {

/// A handshake on the loopback interface is over in microseconds; this is for a machine under load.
constexpr int kAcceptWaitMs = 5000;

socklen_t Loopback(int family, sockaddr_storage* address) {
  *address = {};
  if (family == AF_INET6) {
    auto* ipv6 = reinterpret_cast<sockaddr_in6*>(address);
    ipv6->sin6_family = AF_INET6;
    ipv6->sin6_addr = in6addr_loopback;
    return sizeof *ipv6;
  }
  auto* ipv4 = reinterpret_cast<sockaddr_in*>(address);
  ipv4->sin_family = AF_INET;
  ipv4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return sizeof *ipv4;
}

Socket Open(int family) {
  return Socket(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

Socket Bound(int family) {
  sockaddr_storage address;
  const socklen_t bytes = Loopback(family, &address);
  Socket bound = Open(family);
  if (bind(bound.fd(), reinterpret_cast<const sockaddr*>(&address), bytes) != 0) return Socket();
  return bound;
}

// Non-blocking on the loopback interface: connected when connect returns, or soon after.
bool Connect(const Socket& socket, const sockaddr_storage& address) {
  const socklen_t bytes =
      address.ss_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  if (connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), bytes) == 0) return true;
  if (errno != EINPROGRESS) return false;
  pollfd wait{.fd = socket.fd(), .events = POLLOUT, .revents = 0};
  if (poll(&wait, 1, kAcceptWaitMs) != 1) return false;
  int error = 0;
  socklen_t error_bytes = sizeof error;
  getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &error_bytes);
  errno = error;
  return error == 0;
}

}  // namespace

size_t Socket::Write(std::span<const uint8_t> bytes) {
  const ssize_t written = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  return written > 0 ? static_cast<size_t>(written) : 0;
}

size_t Socket::Write(std::string_view text) {
  return Write({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

size_t Socket::Read(std::span<uint8_t> out) {
  const ssize_t count = recv(fd_, out.data(), out.size(), 0);
  if (count > 0) return static_cast<size_t>(count);
  if (count == 0) end_ = StreamEnd::kFin;
  if (count < 0 && errno != EAGAIN && errno != EINTR) end_ = StreamEnd::kReset;
  return 0;
}

void Socket::Close() {
  if (fd_ >= 0) ::close(Release());
}

void Socket::Reset() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  EXPECT_EQ(setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
  Close();
}

Socket Listen(int family, int backlog) {
  Socket listening = Bound(family);
  EXPECT_EQ(listen(listening.fd(), backlog), 0);
  return listening;
}

Socket Refuse() { return Bound(AF_INET); }

sockaddr_storage AddressOf(const Socket& socket) {
  sockaddr_storage address{};
  socklen_t bytes = sizeof address;
  EXPECT_EQ(getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &bytes), 0);
  return address;
}

Socket Dial(const Socket& listening) {
  const sockaddr_storage address = AddressOf(listening);
  Socket dialled = Open(address.ss_family);
  return Connect(dialled, address) ? std::move(dialled) : Socket();
}

Socket Accept(const Socket& listening) {
  return Socket(accept4(listening.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

void SetBuffers(const Socket& socket, BufferSizes sizes) {
  if (sizes.send != 0) setsockopt(socket.fd(), SOL_SOCKET, SO_SNDBUF, &sizes.send, sizeof(int));
  if (sizes.receive != 0) {
    setsockopt(socket.fd(), SOL_SOCKET, SO_RCVBUF, &sizes.receive, sizeof(int));
  }
}

Pair ConnectedPair(BufferSizes sizes) {
  const Socket listening = Listen();
  SetBuffers(listening, sizes);
  Pair pair;
  pair.far = Dial(listening);
  SetBuffers(pair.far, sizes);
  pollfd wait{.fd = listening.fd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&wait, 1, kAcceptWaitMs), 1);
  pair.near = Accept(listening);
  EXPECT_TRUE(pair.near && pair.far);
  return pair;
}

}  // namespace ringway::loopback
