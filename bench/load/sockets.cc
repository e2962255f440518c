// SPDX-License-Identifier: Apache-2.0
//
// Addresses, sockets, cores and signals for the bench programs.
#include "bench/load/sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace ringway::load {
namespace {

absl::Status SystemError(absl::string_view what) { return absl::ErrnoToStatus(errno, what); }

// The one place that gives an Address the type that the system calls want.
const sockaddr* Generic(const Address& address) {
  return reinterpret_cast<const sockaddr*>(&address.storage);
}

sockaddr* Generic(Address& address) { return reinterpret_cast<sockaddr*>(&address.storage); }

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& from) noexcept {
  if (this != &from) {
    Close();
    fd_ = std::exchange(from.fd_, -1);
  }
  return *this;
}

void Descriptor::Close() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

absl::StatusOr<Address> ParseAddress(absl::string_view text) {
  const auto bad = [&] {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text, "' is not ADDRESS:PORT with a numeric address"));
  };
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return bad();
  const absl::string_view digits = text.substr(colon + 1);
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size()) return bad();

  std::string host(text.substr(0, colon));
  if (host == "localhost") host = "127.0.0.1";
  Address address;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    sockaddr_in6 six = {};
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    if (inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &six.sin6_addr) != 1) {
      return bad();
    }
    std::memcpy(&address.storage, &six, sizeof six);
    address.bytes = sizeof six;
    return address;
  }
  sockaddr_in four = {};
  four.sin_family = AF_INET;
  four.sin_port = htons(port);
  if (inet_pton(AF_INET, host.c_str(), &four.sin_addr) != 1) return bad();
  std::memcpy(&address.storage, &four, sizeof four);
  address.bytes = sizeof four;
  return address;
}

std::string FormatAddress(const Address& address) {
  char text[INET6_ADDRSTRLEN] = "?";
  if (address.storage.ss_family == AF_INET6) {
    sockaddr_in6 six;
    std::memcpy(&six, &address.storage, sizeof six);
    inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof text);
    return absl::StrCat("[", text, "]:", ntohs(six.sin6_port));
  }
  sockaddr_in four;
  std::memcpy(&four, &address.storage, sizeof four);
  inet_ntop(AF_INET, &four.sin_addr, text, sizeof text);
  return absl::StrCat(text, ":", ntohs(four.sin_port));
}

absl::StatusOr<Descriptor> Listen(const Address& address) {
  Descriptor fd(socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.open()) return SystemError("socket");
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd.get(), Generic(address), address.bytes) != 0) {
    return SystemError(absl::StrCat("bind to ", FormatAddress(address)));
  }
  // The kernel cuts the backlog to net.core.somaxconn.
  if (listen(fd.get(), 65535) != 0) return SystemError("listen");
  return fd;
}

Address LocalAddress(int fd) {
  Address address;
  address.bytes = sizeof address.storage;
  getsockname(fd, Generic(address), &address.bytes);
  return address;
}

absl::StatusOr<Descriptor> StartConnect(const Address& address) {
  Descriptor fd(socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.open()) return SystemError("socket");
  SetNoDelay(fd.get());
  if (connect(fd.get(), Generic(address), address.bytes) != 0 && errno != EINPROGRESS) {
    return SystemError(absl::StrCat("connect to ", FormatAddress(address)));
  }
  return fd;
}

int ConnectError(int fd) {
  int error = 0;
  socklen_t bytes = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes) != 0) return errno;
  return error;
}

void SetNoDelay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

absl::Status PinToCpu(int cpu) {
  if (cpu < 0) return absl::OkStatus();
  if (cpu >= CPU_SETSIZE) return absl::InvalidArgumentError("no such core");
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<size_t>(cpu), &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) {
    return SystemError(absl::StrCat("cannot run on core ", cpu));
  }
  return absl::OkStatus();
}

absl::StatusOr<Descriptor> OpenStopSignals() {
  signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  if (sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return SystemError("sigprocmask");
  Descriptor fd(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd.open()) return SystemError("signalfd");
  return fd;
}

void AnnounceListening(int fd) {
  std::printf("listening on %s\n", FormatAddress(LocalAddress(fd)).c_str());
  std::fflush(stdout);
}

}  // namespace ringway::load
