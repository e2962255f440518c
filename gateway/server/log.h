// SPDX-License-Identifier: Apache-2.0
//
// The operational log: lines on stderr for the person who runs the gateway.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/counters.h"
#include "gateway/base/turn_times.h"
#include "gateway/config/config.h"

namespace ringway::server {

/// Sets up the process's log and the thread that writes it. Before any other call, and after
/// Signals::Open. Again only after CloseLog. Throws std::system_error where no thread is to be had.
void OpenLog(config::LogLevel level);

/// Writes what was logged, but waits at most a second for whoever reads stderr. Before the process
/// ends; what is logged afterwards is lost.
void CloseLog();

/// Whether a line of that level would be written. Any thread.
bool IsLogged(config::LogLevel level);

/// Gives the log a moment, at most a tenth of a second, before the process ends without CloseLog.
/// Any thread; a signal handler may call it.
void AwaitLog();

/// Any thread. Never waits for whoever reads stderr: a line may be lost, and is counted then.
void LogLine(config::LogLevel level, std::string_view text);

/// A line without time and level: why the gateway could not start.
void LogFailure(std::string_view text);

/// Lines lost since the log was opened. Any thread.
uint64_t LostLogLines();

/// What SIGUSR1 asks of one worker: `state worker=0 sessions=1 links=2 leases=0 queued_bytes=0
/// files=0`, `counters worker=0 turns=12 ...` with those that are not zero, and `turns worker=0
/// longest_us=950 below_1us=3 below_1024us=9`: how many took how long, in powers of two.
std::vector<std::string> StateLines(uint32_t worker, const base::Gauges& gauges,
                                    const base::Counters& counters,
                                    const base::TurnTimes& turn_times);

/// The same at any log_level, as information: what nobody can find out otherwise.
void LogAlways(std::string_view text);

/// Lets one line in each interval through and counts the rest. Any thread.
class RateLimit {
 public:
  explicit RateLimit(uint64_t interval_ns) : interval_ns_(interval_ns) {}

  /// Whether a line may be written at `now_ns`; then *suppressed is the number that were not since
  /// the last one.
  bool Allows(uint64_t now_ns, uint64_t* suppressed);

 private:
  const uint64_t interval_ns_;
  /// Threads race for the interval with one compare-exchange: the winner writes. The count may lag
  /// by those that race at that moment.
  std::atomic<uint64_t> next_ns_{0};
  std::atomic<uint64_t> suppressed_{0};
};

}  // namespace ringway::server
