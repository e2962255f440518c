// SPDX-License-Identifier: Apache-2.0
//
// A small epoll loop. It is not the gateway and need not be fast: read, write, wait where it must.
#include "gateway/server/echo_service.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gateway/server/threads.h"

namespace ringway::server {
namespace {

constexpr size_t kBufferBytes = 256 * 1024;

enum class Progress : uint8_t { kGoesOn, kOver };

/// All connections of the service; lives on its thread.
class Loop {
 public:
  Loop(int listen_fd, int stop_fd) : listen_fd_(listen_fd), stop_fd_(stop_fd) {}
  ~Loop() {
    for (const auto& [fd, unsent] : unsent_) close(fd);
    if (epoll_fd_ >= 0) close(epoll_fd_);
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void Run() {
    epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
    Watch(EPOLL_CTL_ADD, listen_fd_, EPOLLIN);
    Watch(EPOLL_CTL_ADD, stop_fd_, EPOLLIN);
    std::array<epoll_event, 64> events;
    while (true) {
      const int count = epoll_wait(epoll_fd_, events.data(), events.size(), -1);
      if (count < 0 && errno != EINTR) return;
      for (int i = 0; i < count; ++i) {
        const int fd = events[i].data.fd;
        if (fd == stop_fd_) return;
        if (fd == listen_fd_) {
          Accept();
        } else if (Echo(fd) == Progress::kOver) {
          Close(fd);
        }
      }
    }
  }

 private:
  void Watch(int operation, int fd, uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    epoll_ctl(epoll_fd_, operation, fd, &event);
  }

  void Accept() {
    const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    unsent_.emplace(fd, std::vector<char>());
    Watch(EPOLL_CTL_ADD, fd, EPOLLIN);
    if (unsent_.size() == EchoService::kConnectionsMax) Watch(EPOLL_CTL_MOD, listen_fd_, 0);
  }

  void Close(int fd) {
    if (unsent_.size() == EchoService::kConnectionsMax) Watch(EPOLL_CTL_MOD, listen_fd_, EPOLLIN);
    unsent_.erase(fd);
    close(fd);
  }

  // Reads only when nothing is left to write: a slow reader stops its own writer.
  Progress Echo(int fd) {
    std::vector<char>& unsent = unsent_[fd];
    if (!unsent.empty()) {
      const ssize_t sent = send(fd, unsent.data(), unsent.size(), MSG_NOSIGNAL);
      if (sent < 0) return errno == EAGAIN ? Progress::kGoesOn : Progress::kOver;
      unsent.erase(unsent.begin(), unsent.begin() + sent);
      if (!unsent.empty()) return Progress::kGoesOn;
      std::vector<char>().swap(unsent);
      Watch(EPOLL_CTL_MOD, fd, EPOLLIN);
    }
    const ssize_t received = recv(fd, buffer_.data(), buffer_.size(), 0);
    if (received < 0) return errno == EAGAIN ? Progress::kGoesOn : Progress::kOver;
    if (received == 0) return Progress::kOver;
    const ssize_t sent = send(fd, buffer_.data(), static_cast<size_t>(received), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return Progress::kOver;
    const ssize_t taken = sent < 0 ? 0 : sent;
    if (taken == received) return Progress::kGoesOn;
    unsent.assign(buffer_.begin() + taken, buffer_.begin() + received);
    Watch(EPOLL_CTL_MOD, fd, EPOLLOUT);
    return Progress::kGoesOn;
  }

  int listen_fd_;
  int stop_fd_;
  int epoll_fd_ = -1;
  std::vector<char> buffer_ = std::vector<char>(kBufferBytes);
  std::unordered_map<int, std::vector<char>> unsent_;  ///< by connection
};

}  // namespace

absl::StatusOr<std::unique_ptr<EchoService>> EchoService::Start() {
  std::unique_ptr<EchoService> service(new EchoService);
  service->listen_fd_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  service->stop_fd_ = eventfd(0, EFD_CLOEXEC);
  sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t bytes = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (service->listen_fd_ < 0 || service->stop_fd_ < 0 ||
      bind(service->listen_fd_, generic, bytes) != 0 || listen(service->listen_fd_, 1024) != 0 ||
      getsockname(service->listen_fd_, generic, &bytes) != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot start the embedded echo service: ", std::strerror(errno)));
  }
  service->port_ = ntohs(address.sin_port);
  auto thread = StartThread("the embedded echo service",
                            [listen_fd = service->listen_fd_, stop_fd = service->stop_fd_] {
                              Loop(listen_fd, stop_fd).Run();
                            });
  if (!thread.ok()) return thread.status();
  service->thread_ = *std::move(thread);
  return service;
}

EchoService::~EchoService() {
  if (thread_.joinable()) {
    const uint64_t one = 1;
    // An eventfd takes one count at any time; without it the join below would wait for ever.
    if (::write(stop_fd_, &one, sizeof one) != sizeof one) std::abort();
    thread_.join();
  }
  if (listen_fd_ >= 0) close(listen_fd_);
  if (stop_fd_ >= 0) close(stop_fd_);
}

}  // namespace ringway::server
