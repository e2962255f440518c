// SPDX-License-Identifier: Apache-2.0
//
// What workers and sessions tell, as lines of the log, and what it counts for each server.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/config/config.h"
#include "gateway/route/server_choice.h"
#include "gateway/server/log.h"
#include "gateway/worker/observer.h"

namespace ringway::server {

/// Each session's end at debug, refused origins and what becomes of servers at info, trouble as
/// warnings: one line a second for each kind of line, of ejections for each server.
///
/// Threads: all workers call it at once. What it keeps are numbers, each read and raised by itself.
/// Memory: some 150 bytes for each server of the configuration, none later.
class LoggingObserver : public worker::Observer {
 public:
  /// The clock must outlive it.
  LoggingObserver(base::Clock& clock, std::shared_ptr<const config::Config> config);

  void OnSessionEnd(const worker::SessionEnd& end) override;
  void OnDialFailed(const worker::DialFailure& failure) override;
  void OnAcceptPaused(std::string_view why) override;
  void OnOriginRefused(const session::RefusedOrigin& refused) override;
  void OnPathRefused(const session::RefusedPath& refused) override;
  /// Once for each route.
  void OnTokenIgnored(const config::Route& route) override;
  void OnDialTimedOut(session::ServerId server) override;
  void OnServerEjected(session::ServerId server) override;
  void OnServerBack(session::ServerId server) override;

  /// What SIGUSR1 asks of all workers together: for each server that a dial has failed of
  /// `dials backend=vnc server=127.0.0.1:5900 refused=3 timed_out=1`, with the kinds that are not
  /// zero. At most kDialLinesMax lines; one more counts the servers that have none.
  std::vector<std::string> DialLines() const;
  static constexpr size_t kDialLinesMax = 256;

 private:
  /// Why dials fail, as they are counted.
  enum Kind : uint8_t {
    kRefused,
    kUnreachable,
    kTimedOut,
    kNoLocalPort,
    kNoSource,
    kNoDescriptor,
    kOther,
    kKinds
  };
  static constexpr uint64_t kIntervalNs = 1'000'000'000;

  struct Server {
    std::array<std::atomic<uint64_t>, kKinds> failures{};
    std::atomic<int> last_error{0};  ///< errno of the last dial that failed
    RateLimit ejected_limit{kIntervalNs};
    RateLimit back_limit{kIntervalNs};
  };

  static Kind KindOf(dial::DialOutcome outcome);
  static std::string_view Word(Kind kind);
  Server& Of(session::ServerId server) {
    return servers_[row_.Place(server.backend_index, server.server_index)];
  }
  const config::Server& ConfigOf(session::ServerId server) const;
  std::string NameOf(session::ServerId server) const;
  void Count(session::ServerId server, Kind kind, int error);
  void Log(config::LogLevel level, RateLimit& limit, std::string text);

  base::Clock& clock_;
  const std::shared_ptr<const config::Config> config_;
  const route::ServerRow row_;
  std::vector<Server> servers_;                 ///< by their place in row_
  std::vector<std::atomic<bool>> told_tokens_;  ///< by route: whether its line was written
  RateLimit dial_limit_{kIntervalNs};
  RateLimit accept_limit_{kIntervalNs};
  RateLimit origin_limit_{kIntervalNs};
  RateLimit path_limit_{kIntervalNs};
};

}  // namespace ringway::server
