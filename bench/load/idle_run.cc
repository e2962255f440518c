// SPDX-License-Identifier: Apache-2.0
//
// The phases of an idle run.
#include "bench/load/idle_run.h"

#include "bench/load/cpu_clock.h"
#include "bench/load/fleet.h"

namespace ringway::load {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kOpenNs = 120 * kSecond;
constexpr uint64_t kCloseNs = 10 * kSecond;

}  // namespace

IdleReport RunIdle(const IdleOptions& options, const std::string& url) {
  IdleReport report;
  report.url = url;
  report.connections = options.connections;
  const bool measured = !options.server_pids.empty();
  if (measured) report.pss_before = PssBytes(options.server_pids);

  Fleet fleet(options.plan, options.connections);
  fleet.OpenAll(NowNs() + kOpenNs);
  report.opened = fleet.CountOpen();
  fleet.RunUntil(NowNs() + options.hold_ns, [] { return false; });
  if (measured) report.pss_with = PssBytes(options.server_pids);
  report.closes_missing = fleet.CloseAll(NowNs() + kCloseNs);
  report.errors = fleet.ledger().errors;
  return report;
}

}  // namespace ringway::load
