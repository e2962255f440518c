// SPDX-License-Identifier: Apache-2.0
//
// Loads, stores and one compare-exchange a change: whoever wins it makes the change.
#include "gateway/base/server_health.h"

#include <algorithm>
#include <utility>

#include "gateway/base/check.h"

namespace ringway::base {
namespace {

/// Twice as long for each ejection before, up to the maximum.
uint64_t EjectionNs(const EjectionRules& rules, uint32_t ejections_before) {
  if (ejections_before >= 64 || rules.time_ns > rules.time_ns_max >> ejections_before) {
    return rules.time_ns_max;
  }
  return rules.time_ns << ejections_before;
}

}  // namespace

ServerHealth::ServerHealth(Mapping entries, uint32_t servers)
    : entries_(std::move(entries)), servers_(servers) {}

absl::StatusOr<ServerHealth> ServerHealth::Map(uint32_t servers) {
  const size_t bytes = std::max<size_t>(1, servers) * sizeof(Entry);
  auto entries = Mapping::Reserve(bytes, "health of servers");
  if (!entries.ok()) return entries.status();
  return ServerHealth(*std::move(entries), servers);
}

ServerHealth::Entry& ServerHealth::entry(uint32_t server) const {
  RINGWAY_CHECK_OP(server, <, servers_);
  return reinterpret_cast<Entry*>(entries_.data())[server];
}

bool ServerHealth::TryTrial(uint32_t server, uint64_t now_ns, const EjectionRules& rules) {
  Entry& it = entry(server);
  uint64_t until = it.ejected_until.load(kRelaxed);
  if (until == 0) return true;
  if (now_ns < until) return false;
  const uint64_t trial = (now_ns + rules.time_ns) | kOnTrial;
  // Whoever was faster has begun the trial, or has ended it well.
  return it.ejected_until.compare_exchange_strong(until, trial, kRelaxed) || until == 0;
}

bool ServerHealth::OnDialFailed(uint32_t server, uint64_t now_ns, const EjectionRules& rules) {
  if (rules.failures_max == 0) return false;
  Entry& it = entry(server);
  uint64_t until = it.ejected_until.load(kRelaxed);
  if (now_ns < until && (until & kOnTrial) == 0) return false;
  const uint32_t failures = it.failures.fetch_add(1, kRelaxed) + 1;
  const uint32_t ejections = it.ejections.load(kRelaxed);
  if (ejections == 0 && failures < rules.failures_max) return false;
  const uint64_t next = (now_ns + EjectionNs(rules, ejections)) & ~kOnTrial;
  if (!it.ejected_until.compare_exchange_strong(until, next, kRelaxed)) return false;
  it.ejections.fetch_add(1, kRelaxed);
  it.failures.store(0, kRelaxed);
  return true;
}

// WHY it looks first: a server that is well is dialled by all workers all the time, and a line that
// is only read stays in all their caches.
bool ServerHealth::OnDialSucceeded(uint32_t server) {
  Entry& it = entry(server);
  if (it.failures.load(kRelaxed) != 0) it.failures.store(0, kRelaxed);
  if (it.ejections.load(kRelaxed) != 0) it.ejections.store(0, kRelaxed);
  return it.ejected_until.load(kRelaxed) != 0 && it.ejected_until.exchange(0, kRelaxed) != 0;
}

HealthChange ServerHealth::OnProbe(uint32_t server, ProbeResult result, const ProbeRules& rules) {
  Entry& it = entry(server);
  const bool was_down = it.down.load(kRelaxed) != 0;
  const bool speaks_against = (result == ProbeResult::kGood) == was_down;
  const uint32_t contrary = speaks_against ? it.contrary.load(kRelaxed) + 1 : 0;
  const bool changes = speaks_against && contrary >= (was_down ? rules.rise : rules.fall);
  it.contrary.store(changes ? 0 : contrary, kRelaxed);
  if (!changes) return HealthChange::kNone;
  it.down.store(was_down ? 0 : 1, kRelaxed);
  if (!was_down) return HealthChange::kDown;
  OnDialSucceeded(server);
  return HealthChange::kUp;
}

}  // namespace ringway::base
