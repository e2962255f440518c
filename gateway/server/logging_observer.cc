// SPDX-License-Identifier: Apache-2.0
//
// The words of each line.
#include "gateway/server/logging_observer.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gateway/config/address.h"
#include "gateway/config/quantity.h"
#include "gateway/config/words.h"

namespace ringway::server {
namespace {

using config::LogLevel;

constexpr auto kRelaxed = std::memory_order_relaxed;

}  // namespace

LoggingObserver::LoggingObserver(base::Clock& clock, std::shared_ptr<const config::Config> config)
    : clock_(clock),
      config_(std::move(config)),
      row_(*config_),
      servers_(row_.count()),
      told_tokens_(config_->routes.size()) {}

LoggingObserver::Kind LoggingObserver::KindOf(dial::DialOutcome outcome) {
  switch (outcome) {
    case dial::DialOutcome::kRefused:
      return kRefused;
    case dial::DialOutcome::kUnreachable:
      return kUnreachable;
    case dial::DialOutcome::kTimedOut:
      return kTimedOut;
    case dial::DialOutcome::kNoLocalPort:
      return kNoLocalPort;
    case dial::DialOutcome::kNoSource:
      return kNoSource;
    case dial::DialOutcome::kNoDescriptor:
      return kNoDescriptor;
    case dial::DialOutcome::kConnected:
    case dial::DialOutcome::kCancelled:
    case dial::DialOutcome::kUnexpected:
      break;
  }
  return kOther;
}

std::string_view LoggingObserver::Word(Kind kind) {
  constexpr std::array<std::string_view, kKinds> kWords = {
      "refused",   "unreachable",   "timed_out", "no_local_port",
      "no_source", "no_descriptor", "other"};
  return kWords[kind];
}

const config::Server& LoggingObserver::ConfigOf(session::ServerId server) const {
  return config_->backends[server.backend_index].servers[server.server_index];
}

std::string LoggingObserver::NameOf(session::ServerId server) const {
  return absl::StrCat("backend \"", config_->backends[server.backend_index].name, "\": server ",
                      config::ServerText(ConfigOf(server)));
}

void LoggingObserver::Log(LogLevel level, RateLimit& limit, std::string text) {
  uint64_t suppressed = 0;
  if (!limit.Allows(clock_.NowNs(), &suppressed)) return;
  if (suppressed > 0) absl::StrAppend(&text, " (and ", suppressed, " more like it)");
  LogLine(level, text);
}

void LoggingObserver::Count(session::ServerId server, Kind kind, int error) {
  Server& counted = Of(server);
  counted.failures[kind].fetch_add(1, kRelaxed);
  counted.last_error.store(error, kRelaxed);
}

void LoggingObserver::OnSessionEnd(const worker::SessionEnd& end) {
  if (!IsLogged(LogLevel::kDebug)) return;
  LogLine(
      LogLevel::kDebug,
      absl::StrFormat(
          "session end client=%s route=%s side=%s reason=%s code=%d upgraded=%d cut=%d "
          "backend_left=%d seconds=%.3f client_in=%d client_out=%d backend_in=%d backend_out=%d "
          "messages_in=%d "
          "frames_out=%d client_spliced=%d backend_spliced=%d",
          end.client.ToString(), end.route.empty() ? "-" : std::string(end.route),
          std::string(session::Word(end.ending.side)),
          std::string(session::Word(end.ending.reason)), end.ending.code,
          static_cast<int>(end.upgraded), static_cast<int>(end.cut),
          static_cast<int>(end.backend_left), static_cast<double>(end.duration_ns) / 1e9,
          end.client_bytes_in, end.client_bytes_out, end.backend_bytes_in, end.backend_bytes_out,
          end.messages_in, end.frames_out, end.client_bytes_spliced, end.backend_bytes_spliced));
}

void LoggingObserver::OnDialFailed(const worker::DialFailure& failure) {
  Count(failure.server, KindOf(failure.outcome), failure.error);
  if (!failure.is_news) return;
  const config::Server& server = ConfigOf(failure.server);
  const std::string where =
      server.unix_path.empty() ? failure.address.ToString() : config::ServerText(server);
  Log(LogLevel::kWarn, dial_limit_,
      absl::StrCat("dial to ", where, " failed: ", dial::DescribeForOperator(failure.outcome), " (",
                   std::strerror(failure.error), ")"));
}

void LoggingObserver::OnDialTimedOut(session::ServerId server) {
  Count(server, kTimedOut, ETIMEDOUT);
  const uint64_t timeout_ns = config_->backends[server.backend_index].connect_timeout_ns;
  Log(LogLevel::kWarn, dial_limit_,
      absl::StrCat("dial to ", config::ServerText(ConfigOf(server)),
                   " failed: no answer within connect_timeout (", config::DurationText(timeout_ns),
                   ")"));
}

void LoggingObserver::OnAcceptPaused(std::string_view why) {
  Log(LogLevel::kWarn, accept_limit_, absl::StrCat("accept waits: ", std::string(why)));
}

void LoggingObserver::OnOriginRefused(const session::RefusedOrigin& refused) {
  if (!IsLogged(LogLevel::kInfo)) return;
  Log(LogLevel::kInfo, origin_limit_,
      absl::StrCat("refused origin=", config::Quoted(refused.origin), " route=", refused.route.name,
                   " host=", config::Quoted(refused.host), " path=", config::Quoted(refused.path),
                   " client=", refused.client.ToString(), ": the route's origins do not name it"));
}

void LoggingObserver::OnPathRefused(const session::RefusedPath& refused) {
  if (!IsLogged(LogLevel::kInfo)) return;
  Log(LogLevel::kInfo, path_limit_,
      absl::StrCat("refused path=", config::Quoted(refused.path),
                   " host=", config::Quoted(refused.host), " client=", refused.client.ToString(),
                   ": ", std::string(refused.reason), ", who would find another route"));
}

void LoggingObserver::OnTokenIgnored(const config::Route& route) {
  std::atomic<bool>& told = told_tokens_[route.index];
  if (told.load(kRelaxed) || told.exchange(true, kRelaxed)) return;
  LogLine(LogLevel::kInfo,
          absl::StrCat("route \"", route.name,
                       "\": a client asks with ?token=, which is not looked at: its backend is \"",
                       config_->backends[route.backend_index].name,
                       "\" whatever the token (websockify would choose a target by it: give each "
                       "target a route of its own)"));
}

void LoggingObserver::OnServerEjected(session::ServerId server) {
  Server& ejected = Of(server);
  const config::Health& health = config_->backends[server.backend_index].health;
  Log(LogLevel::kInfo, ejected.ejected_limit,
      absl::StrCat(
          NameOf(server), " is ejected for at least ", config::DurationText(health.eject_time_ns),
          ": dials failed, the last one: ", std::strerror(ejected.last_error.load(kRelaxed))));
}

void LoggingObserver::OnServerBack(session::ServerId server) {
  Log(LogLevel::kInfo, Of(server).back_limit,
      absl::StrCat(NameOf(server), " is back: a dial succeeded"));
}

std::vector<std::string> LoggingObserver::DialLines() const {
  std::vector<std::string> lines;
  size_t left_out = 0;
  for (uint32_t backend = 0; backend < config_->backends.size(); ++backend) {
    for (uint32_t server = 0; server < config_->backends[backend].servers.size(); ++server) {
      std::string kinds;
      for (uint8_t kind = 0; kind < kKinds; ++kind) {
        const uint64_t count = servers_[row_.Place(backend, server)].failures[kind].load(kRelaxed);
        if (count == 0) continue;
        absl::StrAppend(&kinds, " ", std::string(Word(static_cast<Kind>(kind))), "=", count);
      }
      if (kinds.empty()) continue;
      if (lines.size() == kDialLinesMax) {
        ++left_out;
        continue;
      }
      lines.push_back(absl::StrCat("dials backend=", config_->backends[backend].name, " server=",
                                   config::ServerText(ConfigOf({backend, server})), kinds));
    }
  }
  if (left_out > 0) lines.push_back(absl::StrCat("dials servers_left_out=", left_out));
  return lines;
}

}  // namespace ringway::server
