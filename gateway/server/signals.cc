// SPDX-License-Identifier: Apache-2.0
//
// signalfd and poll.
#include "gateway/server/signals.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace ringway::server {

absl::StatusOr<Signals> Signals::Open() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGUSR1);
  std::signal(SIGPIPE, SIG_IGN);
  if (pthread_sigmask(SIG_BLOCK, &set, nullptr) != 0) {
    return absl::InternalError("cannot block SIGTERM, SIGINT and SIGUSR1");
  }
  const int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) return absl::ResourceExhaustedError(absl::StrCat("signalfd: ", std::strerror(errno)));
  return Signals(fd);
}

Signals::Signals(Signals&& from) noexcept : fd_(std::exchange(from.fd_, -1)) {}

Signals::~Signals() {
  if (fd_ >= 0) close(fd_);
}

int Signals::WaitOr(int other_fd) {
  std::array<pollfd, 2> fds = {{{.fd = fd_, .events = POLLIN}, {.fd = other_fd, .events = POLLIN}}};
  while (true) {
    if (poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) return 0;
    signalfd_siginfo info;
    if (read(fd_, &info, sizeof info) == sizeof info) return static_cast<int>(info.ssi_signo);
    if ((fds[1].revents & POLLIN) != 0) return 0;
  }
}

}  // namespace ringway::server
