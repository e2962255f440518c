// SPDX-License-Identifier: Apache-2.0
//
// spdlog behind three functions.
#include "gateway/server/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gateway/config/address.h"

namespace ringway::server {
namespace {

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

}  // namespace

void OpenLog(config::LogLevel level) {
  auto logger = spdlog::stderr_color_mt("ringway");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
  logger->set_level(ToSpdlog(level));
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

void LogLine(config::LogLevel level, std::string_view text) {
  spdlog::log(ToSpdlog(level), "{}", spdlog::string_view_t(text.data(), text.size()));
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

void LoggingObserver::Warn(RateLimit& limit, std::string text) {
  uint64_t suppressed = 0;
  if (!limit.Allows(clock_.NowNs(), &suppressed)) return;
  if (suppressed > 0) absl::StrAppend(&text, " (and ", suppressed, " more like it)");
  LogLine(config::LogLevel::kWarn, text);
}

void LoggingObserver::OnSessionEnd(const worker::SessionEnd& end) {
  if (!spdlog::default_logger_raw()->should_log(spdlog::level::debug)) return;
  LogLine(config::LogLevel::kDebug,
          absl::StrFormat(
              "session end client=%s route=%s side=%s reason=%s code=%d upgraded=%d cut=%d "
              "seconds=%.3f client_in=%d client_out=%d backend_in=%d backend_out=%d messages_in=%d "
              "frames_out=%d client_spliced=%d backend_spliced=%d",
              end.client.ToString(), end.route.empty() ? "-" : std::string(end.route),
              std::string(session::Word(end.ending.side)),
              std::string(session::Word(end.ending.reason)), end.ending.code,
              static_cast<int>(end.upgraded), static_cast<int>(end.cut),
              static_cast<double>(end.duration_ns) / 1e9, end.client_bytes_in, end.client_bytes_out,
              end.backend_bytes_in, end.backend_bytes_out, end.messages_in, end.frames_out,
              end.client_bytes_spliced, end.backend_bytes_spliced));
}

void LoggingObserver::OnDialFailed(const config::Server& server, const base::SocketAddress& address,
                                   std::string_view failure) {
  const std::string where =
      server.unix_path.empty() ? address.ToString() : config::ServerText(server);
  Warn(dial_limit_, absl::StrCat("dial to ", where, " failed: ", std::string(failure)));
}

void LoggingObserver::OnAcceptPaused(std::string_view why) {
  Warn(accept_limit_, absl::StrCat("accept waits: ", std::string(why)));
}

}  // namespace ringway::server
