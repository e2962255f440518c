// SPDX-License-Identifier: Apache-2.0
//
// A server for probes: a socket on the loopback or in a folder, and a thread that answers on it
// what a test tells it to.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gateway/base/socket_address.h"
#include "gateway/server/address.h"

namespace ringway::server {

/// A socket that is bound; nobody can connect until it listens.
class Listener {
 public:
  Listener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    socklen_t bytes = sizeof address;
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &bytes), 0);
    address_ = FromSockaddr(reinterpret_cast<sockaddr*>(&address));
  }
  explicit Listener(const std::string& unix_path)
      : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    unix_path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~Listener() { close(fd_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  void Listen(int backlog = 128) const { EXPECT_EQ(listen(fd_, backlog), 0); }
  int fd() const { return fd_; }
  const base::SocketAddress& address() const { return address_; }

 private:
  int fd_;
  base::SocketAddress address_;
};

/// A thread that takes one connection after the other, keeps the request and answers what it is
/// told; an empty answer: it keeps the connection open and says nothing.
class Service {
 public:
  explicit Service(const Listener& listener) : listener_(listener), thread_([this] { Run(); }) {}
  ~Service() {
    ending_ = true;
    thread_.join();
    for (const int fd : kept_) close(fd);
  }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  void Answer(std::string answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  std::string request() const {
    const std::lock_guard lock(mutex_);
    return request_;
  }
  int connections() const { return connections_; }

 private:
  void Run() {
    while (!ending_) {
      pollfd wait{.fd = listener_.fd(), .events = POLLIN, .revents = 0};
      if (poll(&wait, 1, 10) != 1) continue;
      const int fd = accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      ++connections_;
      Serve(fd);
    }
  }

  void Serve(int fd) {
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    std::string request;
    char letter = 0;
    while (!request.ends_with("\r\n\r\n")) {
      if (recv(fd, &letter, 1, 0) != 1) break;
      request += letter;
    }
    std::string answer;
    {
      const std::lock_guard lock(mutex_);
      request_ = request;
      answer = answer_;
    }
    if (answer.empty()) return kept_.push_back(fd);
    // In two pieces: the prober puts the line together.
    send(fd, answer.data(), answer.size() / 2, MSG_NOSIGNAL);
    send(fd, answer.data() + answer.size() / 2, answer.size() - answer.size() / 2, MSG_NOSIGNAL);
    close(fd);
  }

  const Listener& listener_;
  std::atomic<bool> ending_{false};
  std::atomic<int> connections_{0};
  mutable std::mutex mutex_;
  std::string answer_ = "HTTP/1.1 200 OK\r\n\r\n";
  std::string request_;
  std::vector<int> kept_;
  std::thread thread_;
};

}  // namespace ringway::server
