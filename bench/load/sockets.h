// SPDX-License-Identifier: Apache-2.0
//
// What every program of the benches needs from the system before its own work starts: addresses,
// listening and connecting sockets, a core to run on, and SIGTERM as something that can be polled.
#pragma once

#include <sys/socket.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace ringway::load {

/// A numeric IPv4 or IPv6 socket address.
struct Address {
  sockaddr_storage storage = {};
  socklen_t bytes = 0;
};

/// Owns one descriptor and closes it.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& from) noexcept : fd_(std::exchange(from.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& from) noexcept;
  ~Descriptor() { Close(); }

  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void Close();

 private:
  int fd_ = -1;
};

/// `text` is `127.0.0.1:80`, `[::1]:80` or `localhost:80`; names are not looked up.
absl::StatusOr<Address> ParseAddress(absl::string_view text);

/// The inverse of ParseAddress.
std::string FormatAddress(const Address& address);

/// A non-blocking listening socket (SO_REUSEADDR, the system's longest backlog). Port 0 lets the
/// kernel choose.
absl::StatusOr<Descriptor> Listen(const Address& address);

/// The address that a socket is bound to.
Address LocalAddress(int fd);

/// Starts a non-blocking connect with TCP_NODELAY set. The outcome comes with writability, as
/// SO_ERROR.
absl::StatusOr<Descriptor> StartConnect(const Address& address);

/// The outcome of StartConnect once the socket is writable: 0 or an errno.
int ConnectError(int fd);

/// Small messages leave at once.
void SetNoDelay(int fd);

/// Keeps the calling thread on one core; a negative `cpu` changes nothing.
absl::Status PinToCpu(int cpu);

/// Blocks SIGTERM and SIGINT and returns a descriptor that becomes readable when one arrives.
/// Also ignores SIGPIPE: a broken connection is an error of write(2).
absl::StatusOr<Descriptor> OpenStopSignals();

/// Prints `listening on ADDRESS` to standard output and flushes: who started the program waits
/// for that line.
void AnnounceListening(int fd);

}  // namespace ringway::load
