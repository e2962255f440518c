// SPDX-License-Identifier: Apache-2.0
//
// Writes the log's lines to a descriptor, on a thread of its own. A pipe or terminal that nobody
// reads blocks whoever writes to it; here that is this thread and nobody else.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace ringway::server {

/// Takes lines from any thread and writes them whole and in order. It holds at most twice
/// `bytes_max`: what waits, and what is being written. A line that does not fit is lost and
/// counted, and so is every line after it until the ones that wait are on their way; a line that
/// tells the loss follows them, in the place of the lost ones. Lines that could not be written
/// (nobody reads any more, the disk is full) count as lost, too.
class LogWriter {
 public:
  struct Options {
    int fd = -1;           ///< duplicated until Close; the caller keeps its own
    size_t bytes_max = 0;  ///< of the lines that wait
    /// The line, with its end, that tells of so many lost ones. Called by the writer's thread.
    std::function<std::string(uint64_t lost)> loss_line;
  };
  /// kDone: every line was written, or could not be.
  enum class Ending : uint8_t { kDone, kGaveUp };

  explicit LogWriter(Options options);
  /// Closes without waiting.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// Copies a line, which ends with its '\n'. Any thread; waits for no write. What comes after
  /// Close is never written.
  void Add(std::string_view line);

  /// Waits until all lines are written or `limit` is over, then ends the thread. A thread that is
  /// held by a write is left behind: the end of the process ends it. One thread; a second call
  /// returns the same.
  Ending Close(std::chrono::milliseconds limit);

  /// Lines lost since the beginning. Any thread.
  uint64_t lost() const;

  /// Whether no line waits or is being written. Any thread; a signal handler may call it.
  bool idle() const;

 private:
  struct State;
  static void Run(State& state);
  static void Tell(const State& state, uint64_t& untold);
  static uint64_t Write(const State& state, std::string_view lines);

  std::shared_ptr<State> state_;  ///< shared with the thread, which may outlive this
  std::thread thread_;
  Ending ending_ = Ending::kDone;
};

}  // namespace ringway::server
