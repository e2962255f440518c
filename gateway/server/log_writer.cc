// SPDX-License-Identifier: Apache-2.0
//
// Swap the lines out, wait for room, write.
#include "gateway/server/log_writer.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <utility>

namespace ringway::server {
namespace {

/// How long a thread that waits for room may overlook that Close has given up. Only a log that
/// nobody reads costs these wake-ups.
constexpr int kPollMs = 100;

enum class Room : uint8_t { kYes, kGaveUp };

/// Waits until a write to `fd` takes bytes or fails. WHY not O_NONBLOCK on it: other processes
/// share stderr's description, and their writes would begin to fail.
Room WaitForRoom(int fd, const std::atomic<bool>& given_up) {
  if (fd < 0) return Room::kYes;  // no stderr: EBADF
  pollfd polled = {.fd = fd, .events = POLLOUT};
  while (!given_up.load(std::memory_order_relaxed)) {
    if (poll(&polled, 1, kPollMs) > 0) return Room::kYes;
  }
  return Room::kGaveUp;
}

/// What one write takes: whole lines where they fit. A pipe with room takes PIPE_BUF bytes without
/// blocking, and other processes' bytes never come between them.
std::string_view FirstPiece(std::string_view lines) {
  const std::string_view most = lines.substr(0, PIPE_BUF);
  const size_t end = most.rfind('\n');
  return end == std::string_view::npos ? most : most.substr(0, end + 1);
}

uint64_t CountLines(std::string_view text) {
  return static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

/// Starts `run` on a thread that no signal of the process is delivered to; SIGPIPE becomes EPIPE.
template <typename Run>
std::thread StartWithoutSignals(Run run) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread thread(std::move(run));
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return thread;
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
}

}  // namespace

struct LogWriter::State {
  ~State() { CloseFd(); }
  void CloseFd() {
    if (fd >= 0) close(fd);
    fd = -1;
  }
  /// REQUIRES: the mutex is held.
  bool has_work() const { return !waiting.empty() || untold > 0; }

  /// WHY a duplicate: a thread that is left behind must not write to what later has this number.
  int fd = -1;
  size_t bytes_max = 0;
  std::function<std::string(uint64_t)> loss_line;

  std::mutex mutex;  ///< held for a copy or a swap, never for a write
  std::condition_variable lines_came;
  std::condition_variable thread_ended;
  std::string waiting;
  uint64_t untold = 0;  ///< lines lost behind `waiting`, to be told behind them
  uint64_t lost = 0;    ///< since the beginning
  bool closing = false;
  bool ended = false;

  /// Set by Close, seen by the thread while it waits for room; nothing else hangs on it.
  std::atomic<bool> given_up{false};
  /// Cleared by Add and set by the thread, both under the mutex; a signal handler reads it without.
  std::atomic<bool> idle{true};
};

LogWriter::LogWriter(Options options) : state_(std::make_shared<State>()) {
  state_->fd = fcntl(options.fd, F_DUPFD_CLOEXEC, 0);
  state_->bytes_max = options.bytes_max;
  state_->loss_line = std::move(options.loss_line);
  state_->waiting.reserve(options.bytes_max);
  thread_ = StartWithoutSignals([state = state_] { Run(*state); });
}

LogWriter::~LogWriter() { Close(std::chrono::milliseconds(0)); }

void LogWriter::Add(std::string_view line) {
  State& state = *state_;
  {
    const std::lock_guard lock(state.mutex);
    // WHY untold: a shorter line that still fits would stand before the loss that it came after.
    if (state.untold > 0 || line.size() > state.bytes_max - state.waiting.size()) {
      ++state.untold;
      ++state.lost;
    } else {
      state.waiting.append(line);
    }
    state.idle.store(false, std::memory_order_relaxed);
  }
  state.lines_came.notify_one();
}

LogWriter::Ending LogWriter::Close(std::chrono::milliseconds limit) {
  if (!thread_.joinable()) return ending_;
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  state.closing = true;
  state.lines_came.notify_one();
  const bool ended = state.thread_ended.wait_for(lock, limit, [&] { return state.ended; });
  state.given_up.store(!ended, std::memory_order_relaxed);
  lock.unlock();
  if (ended) {
    thread_.join();
    state.CloseFd();
    ending_ = Ending::kDone;
  } else {
    thread_.detach();
    ending_ = Ending::kGaveUp;
  }
  return ending_;
}

uint64_t LogWriter::lost() const {
  const std::lock_guard lock(state_->mutex);
  return state_->lost;
}

bool LogWriter::idle() const { return state_->idle.load(std::memory_order_relaxed); }

void LogWriter::Run(State& state) {
  pthread_setname_np(pthread_self(), "ringway-log");
  std::string lines;
  lines.reserve(state.bytes_max);
  uint64_t untold = 0;  // lines that could not be written: told before the next ones
  std::unique_lock lock(state.mutex);
  while (!state.given_up.load(std::memory_order_relaxed)) {
    state.idle.store(!state.has_work(), std::memory_order_relaxed);
    state.lines_came.wait(lock, [&] { return state.has_work() || state.closing; });
    if (!state.has_work()) break;
    lines.swap(state.waiting);
    const uint64_t lost = std::exchange(state.untold, 0);
    lock.unlock();
    Tell(state, untold);
    const uint64_t failed = untold > 0 ? CountLines(lines) : Write(state, lines);
    untold += failed + lost;
    Tell(state, untold);
    lines.clear();
    lock.lock();
    state.lost += failed;
  }
  state.ended = true;
  state.thread_ended.notify_one();
}

// Tells of `untold` lost lines, if any; then they are 0, unless this line cannot be written either.
void LogWriter::Tell(const State& state, uint64_t& untold) {
  if (untold > 0 && Write(state, state.loss_line(untold)) == 0) untold = 0;
}

// Returns how many lines could not be written.
uint64_t LogWriter::Write(const State& state, std::string_view lines) {
  while (!lines.empty() && WaitForRoom(state.fd, state.given_up) == Room::kYes) {
    const std::string_view piece = FirstPiece(lines);
    const ssize_t written = write(state.fd, piece.data(), piece.size());
    if (written >= 0) {
      lines.remove_prefix(static_cast<size_t>(written));
    } else if (errno != EINTR && errno != EAGAIN) {
      break;
    }
  }
  return CountLines(lines);
}

}  // namespace ringway::server
