// SPDX-License-Identifier: Apache-2.0
//
// signalfd on a thread of its own, and a pair of sockets from there to whoever waits.
#include "gateway/server/signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gateway/server/threads.h"

namespace ringway::server {
namespace {

constexpr std::array kTaken = {SIGTERM, SIGINT, SIGUSR1, SIGHUP, SIGUSR2, SIGQUIT, SIGALRM};

bool AsksForTheEnd(int signal) { return signal == SIGTERM || signal == SIGINT; }

}  // namespace

struct Signals::State {
  ~State() {
    for (const int fd : {signal_fd, stop_fd, taken[0], taken[1]}) {
      if (fd >= 0) close(fd);
    }
  }

  /// The thread's. Numbers of signals go to `taken`, one byte each; where it is full because
  /// nobody takes them, they are dropped.
  void Run() {
    pthread_setname_np(pthread_self(), "ringway-signals");
    bool ending = false;
    std::array<pollfd, 2> fds = {
        {{.fd = signal_fd, .events = POLLIN}, {.fd = stop_fd, .events = POLLIN}}};
    while (true) {
      if (poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) return;
      signalfd_siginfo info;
      while (read(signal_fd, &info, sizeof info) == sizeof info) {
        const auto signal = static_cast<uint8_t>(info.ssi_signo);
        if (AsksForTheEnd(signal) && std::exchange(ending, true)) end_at_once(signal);
        static_cast<void>(!write(taken[1], &signal, 1));
      }
      if ((fds[1].revents & POLLIN) != 0) return;
    }
  }

  int signal_fd = -1;
  int stop_fd = -1;
  std::array<int, 2> taken = {-1, -1};  ///< a pair of sockets: reader, writer
  std::function<void(int)> end_at_once;
  std::thread thread;
};

Signals::Signals(std::unique_ptr<State> state) : state_(std::move(state)) {}
Signals::Signals(Signals&& from) noexcept = default;

absl::StatusOr<Signals> Signals::Open() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : kTaken) sigaddset(&set, signal);
  std::signal(SIGPIPE, SIG_IGN);
  if (pthread_sigmask(SIG_BLOCK, &set, nullptr) != 0) {
    return absl::InternalError("cannot block SIGTERM and the other signals");
  }
  auto state = std::make_unique<State>();
  state->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  state->stop_fd = eventfd(0, EFD_CLOEXEC);
  if (state->signal_fd < 0 || state->stop_fd < 0 ||
      socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, state->taken.data()) != 0) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot open a descriptor for signals: ", std::strerror(errno)));
  }
  return Signals(std::move(state));
}

Signals::~Signals() {
  if (state_ == nullptr || !state_->thread.joinable()) return;
  const uint64_t one = 1;
  // An eventfd takes one count at any time; without it the join below would wait for ever.
  if (::write(state_->stop_fd, &one, sizeof one) != sizeof one) std::abort();
  state_->thread.join();
}

absl::Status Signals::Watch(std::function<void(int signal)> end_at_once) {
  state_->end_at_once = std::move(end_at_once);
  auto thread = StartThread("the signals", [state = state_.get()] { state->Run(); });
  if (!thread.ok()) return thread.status();
  state_->thread = *std::move(thread);
  return absl::OkStatus();
}

int Signals::WaitOr(int other_fd) {
  std::array<pollfd, 2> fds = {
      {{.fd = state_->taken[0], .events = POLLIN}, {.fd = other_fd, .events = POLLIN}}};
  while (true) {
    if (poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) return 0;
    uint8_t signal = 0;
    if (read(state_->taken[0], &signal, 1) == 1) return signal;
    if ((fds[1].revents & POLLIN) != 0) return 0;
  }
}

const char* DescribeIgnored(int signal) {
  switch (signal) {
    case SIGHUP:
      return "SIGHUP is ignored: nothing is read again; restart the gateway to change its "
             "configuration (the log needs no reopening, it goes to stderr)";
    case SIGUSR2:
      return "SIGUSR2 is ignored: it means nothing here; SIGUSR1 asks for the state";
    case SIGQUIT:
      return "SIGQUIT is ignored: SIGTERM closes every session and ends the gateway";
    default:
      return "SIGALRM is ignored: it means nothing here";
  }
}

}  // namespace ringway::server
