// SPDX-License-Identifier: Apache-2.0
//
// Real TCP sockets on the loopback interface, for the end of a connection that a test plays itself.
// Every call returns at once; ports are the kernel's choice.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace ringway::loopback {

/// How the stream towards a socket stands.
enum class StreamEnd : uint8_t { kOpen, kFin, kReset };

/// A non-blocking socket that is closed with its scope.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& from) noexcept : fd_(std::exchange(from.fd_, -1)), end_(from.end_) {}
  Socket& operator=(Socket&& from) noexcept {
    std::swap(fd_, from.fd_);
    std::swap(end_, from.end_);
    return *this;
  }
  ~Socket() { Close(); }

  explicit operator bool() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  /// The descriptor is the caller's from now on.
  int Release() { return std::exchange(fd_, -1); }

  /// Bytes that the socket took now.
  size_t Write(std::span<const uint8_t> bytes);
  size_t Write(std::string_view text);
  /// Bytes that are there now; at 0 `end` says whether more can come.
  size_t Read(std::span<uint8_t> out);
  StreamEnd end() const { return end_; }

  void ShutdownWrite() const { static_cast<void>(shutdown(fd_, SHUT_WR)); }
  /// Orderly: FIN.
  void Close();
  /// RST.
  void Reset();

 private:
  int fd_ = -1;
  StreamEnd end_ = StreamEnd::kOpen;
};

/// A listening socket of the family (AF_INET or AF_INET6); `backlog` connections wait at most.
Socket Listen(int family = AF_INET, int backlog = 64);
/// An address on which nobody listens; held for as long as the socket lives.
Socket Refuse();
/// The socket's own address.
sockaddr_storage AddressOf(const Socket& socket);
/// A connection to a listening socket; complete when this returns. Empty with errno set if not.
Socket Dial(const Socket& listening);
/// A connection that waits in the backlog, taken. Empty if none is there.
Socket Accept(const Socket& listening);

/// Socket buffers in bytes (the kernel doubles them); 0: the kernel's own choice.
struct BufferSizes {
  int send = 0;
  int receive = 0;
};
/// Sets what is not 0. For a listening socket: of the connections that it will give.
void SetBuffers(const Socket& socket, BufferSizes sizes);

/// Two ends of one connection.
struct Pair {
  Socket near;
  Socket far;
};
/// `sizes` apply to both ends.
Pair ConnectedPair(BufferSizes sizes = {});

}  // namespace ringway::loopback
