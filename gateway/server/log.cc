// SPDX-License-Identifier: Apache-2.0
//
// spdlog makes the lines, LogWriter takes them to stderr.
#include "gateway/server/log.h"

#include <poll.h>
#include <spdlog/details/os.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gateway/server/log_writer.h"

namespace ringway::server {
namespace {

constexpr const char* kPattern = "%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v";
/// Lines that wait for whoever reads stderr: some 4,000 ends of sessions, which are the longest. A
/// reader that a loaded machine keeps waiting for a second loses nothing at 4,000 lines a second.
/// Twice as much costs 2 MiB more while nobody reads.
constexpr size_t kWaitingBytesMax = 1024UL * 1024;
/// What a reader that has stalled may cost the end of the process.
constexpr std::chrono::milliseconds kCloseLimit(1000);
/// The same for a crash. WHY less: the other workers still run in this time, and the next process
/// may wait for their ports.
constexpr int kCrashLimitMs = 100;

spdlog::level::level_enum ToSpdlog(config::LogLevel level) {
  switch (level) {
    case config::LogLevel::kTrace:
      return spdlog::level::trace;
    case config::LogLevel::kDebug:
      return spdlog::level::debug;
    case config::LogLevel::kInfo:
      return spdlog::level::info;
    case config::LogLevel::kWarn:
      return spdlog::level::warn;
    case config::LogLevel::kError:
      break;
  }
  return spdlog::level::err;
}

/// The colour of a level's name on a terminal.
std::string_view Colour(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
      return "\033[37m";
    case spdlog::level::debug:
      return "\033[36m";
    case spdlog::level::info:
      return "\033[32m";
    case spdlog::level::warn:
      return "\033[33m\033[1m";
    default:
      return "\033[31m\033[1m";
  }
}

bool IsColourTerminal() {
  return spdlog::details::os::in_terminal(stderr) && spdlog::details::os::is_color_terminal();
}

std::string Format(spdlog::formatter& formatter, const spdlog::details::log_msg& message) {
  static const bool kColoured = IsColourTerminal();
  spdlog::memory_buf_t formatted;
  formatter.format(message, formatted);
  std::string line(formatted.data(), formatted.size());
  if (kColoured && message.color_range_end > message.color_range_start) {
    line.insert(message.color_range_end, "\033[m");
    line.insert(message.color_range_start, Colour(message.level));
  }
  return line;
}

std::string LossLine(uint64_t lost) {
  const std::string text = absl::StrCat(lost, lost == 1 ? " line" : " lines",
                                        " of this log lost: whoever reads it did not keep up");
  spdlog::pattern_formatter formatter(kPattern);
  return Format(formatter, {"ringway", spdlog::level::warn, text});
}

/// Its mutex is held while a line is formatted and copied, never while one is written.
class WriterSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit WriterSink(std::shared_ptr<LogWriter> writer) : writer_(std::move(writer)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    writer_->Add(Format(*formatter_, message));
  }
  void flush_() override {}

 private:
  const std::shared_ptr<LogWriter> writer_;
};

/// The one that is open. Never destroyed: a thread that is left behind at the end may still log.
std::shared_ptr<LogWriter>& OpenWriter() {
  static auto* writer = new std::shared_ptr<LogWriter>;
  return *writer;
}

// WHY at all: the lines before a failed check say what led to it, and without this they would end
// with the process. On return abort() ends the process.
void WaitForWriter(int) { AwaitLog(); }

}  // namespace

void OpenLog(config::LogLevel level) {
  OpenWriter() = std::make_shared<LogWriter>(LogWriter::Options{
      .fd = STDERR_FILENO, .bytes_max = kWaitingBytesMax, .loss_line = LossLine});
  auto logger =
      std::make_shared<spdlog::logger>("ringway", std::make_shared<WriterSink>(OpenWriter()));
  logger->set_pattern(kPattern);
  logger->set_level(ToSpdlog(level));
  spdlog::set_default_logger(std::move(logger));
  std::signal(SIGABRT, WaitForWriter);
}

// It waits for the writer's thread, which nothing here can hold up.
void AwaitLog() {
  for (int ms = 0; ms < kCrashLimitMs && !OpenWriter()->idle(); ++ms) poll(nullptr, 0, 1);
}

void CloseLog() { OpenWriter()->Close(kCloseLimit); }

void LogFailure(std::string_view text) { OpenWriter()->Add(absl::StrCat(std::string(text), "\n")); }

uint64_t LostLogLines() { return OpenWriter()->lost(); }

void LogLine(config::LogLevel level, std::string_view text) {
  spdlog::log(ToSpdlog(level), "{}", spdlog::string_view_t(text.data(), text.size()));
}

bool IsLogged(config::LogLevel level) {
  return spdlog::default_logger_raw()->should_log(ToSpdlog(level));
}

void LogAlways(std::string_view text) {
  spdlog::logger& logger = *spdlog::default_logger_raw();
  const auto level = logger.level();
  if (level > spdlog::level::info) logger.set_level(spdlog::level::info);
  LogLine(config::LogLevel::kInfo, text);
  logger.set_level(level);
}

namespace {

std::string TurnsLine(uint32_t worker, const base::TurnTimes& times) {
  std::string line =
      absl::StrCat("turns worker=", worker, " longest_us=", times.longest_ns() / 1000);
  for (size_t bucket = 0; bucket < base::TurnTimes::kBuckets; ++bucket) {
    if (times.count(bucket) == 0) continue;
    const bool is_last = bucket + 1 == base::TurnTimes::kBuckets;
    const uint64_t limit_us = uint64_t{1} << (is_last ? bucket - 1 : bucket);
    absl::StrAppend(&line, is_last ? " from_" : " below_", limit_us, "us=", times.count(bucket));
  }
  return line;
}

}  // namespace

std::vector<std::string> StateLines(uint32_t worker, const base::Gauges& gauges,
                                    const base::Counters& counters,
                                    const base::TurnTimes& turn_times) {
  std::string counted = absl::StrCat("counters worker=", worker);
  counters.Visit([&](std::string_view name, std::string_view, uint64_t value) {
    if (value != 0) absl::StrAppend(&counted, " ", std::string(name), "=", value);
  });
  return {absl::StrCat("state worker=", worker, " sessions=", gauges.sessions_open.value(),
                       " half_open=", gauges.half_open.value(),
                       " links=", gauges.links_open.value(), " leases=", gauges.leases_out.value(),
                       " queued_bytes=", gauges.bytes_queued.value(),
                       " files=", gauges.files_open.value()),
          std::move(counted), TurnsLine(worker, turn_times)};
}

bool RateLimit::Allows(uint64_t now_ns, uint64_t* suppressed) {
  uint64_t next_ns = next_ns_.load(std::memory_order_relaxed);
  if (now_ns < next_ns || !next_ns_.compare_exchange_strong(next_ns, now_ns + interval_ns_,
                                                            std::memory_order_relaxed)) {
    suppressed_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  *suppressed = suppressed_.exchange(0, std::memory_order_relaxed);
  return true;
}

}  // namespace ringway::server
