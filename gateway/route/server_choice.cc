// SPDX-License-Identifier: Apache-2.0
//
// Gather those that are fit, pick one, enter it; whoever was faster there makes us pick again.
#include "gateway/route/server_choice.h"

#include <algorithm>
#include <array>

#include "gateway/base/check.h"

namespace ringway::route {
namespace {

base::EjectionRules EjectionOf(const config::Health& health) {
  return {.failures_max = health.failures_max,
          .time_ns = health.eject_time_ns,
          .time_ns_max = health.eject_time_max_ns};
}

bool IsFull(const config::Backend& backend, uint32_t sessions) {
  return backend.sessions_per_server_max != 0 && sessions >= backend.sessions_per_server_max;
}

}  // namespace

ServerRow::ServerRow(const config::Config& config) {
  uint32_t next = 0;
  first_.reserve(config.backends.size() + 1);
  for (const config::Backend& backend : config.backends) {
    const size_t count = backend.servers.size();
    RINGWAY_CHECK(count > 0 && count <= config::kServersPerBackendMax);
    first_.push_back(next);
    next += static_cast<uint32_t>(count);
  }
  first_.push_back(next);
}

/// The servers that may be chosen, in the order in which they are looked at.
class ServerChoice::Field {
 public:
  explicit Field(ServerSet tried) : tried_(tried) {}

  /// Not those that were tried, or were added before.
  bool Takes(uint32_t server_index) const { return (tried_ >> server_index & 1U) == 0; }
  void Add(const Candidate& candidate) { candidates_[count_++] = candidate; }
  void Remove(size_t at) {
    std::copy(candidates_.begin() + at + 1, candidates_.begin() + count_, candidates_.begin() + at);
    --count_;
  }
  Candidates candidates() const { return {candidates_.data(), count_}; }

 private:
  ServerSet tried_;
  std::array<Candidate, config::kServersPerBackendMax> candidates_;
  size_t count_ = 0;
};

ServerChoice::ServerChoice(const config::Config& config, const ChoiceTables& tables,
                           ChoiceStart start)
    : config_(config),
      row_(config),
      tables_(tables),
      avoided_until_ns_(row_.count()),
      chance_(start.seed ^ start.first) {
  backends_.reserve(config.backends.size());
  for (const config::Backend& from : config.backends) {
    const auto count = static_cast<uint32_t>(from.servers.size());
    Backend& backend = backends_.emplace_back();
    backend.ejection = EjectionOf(from.health);
    if (backend.ejection.failures_max > 0) {
      backend.avoid_ns = std::min(kAvoidNs, backend.ejection.time_ns);
    }
    if (from.balance == config::Balance::kRoundRobin) backend.owed.resize(count);
    if (from.balance != config::Balance::kSourceHash) {
      backend.next = start.first % count;
      continue;
    }
    backend.avoid_ns = 0;
    for (const config::Server& server : from.servers) {
      backend.server_keys.push_back(ServerKey(server));
    }
  }
}

Choice ServerChoice::Enter(uint32_t backend_index, ServerSet tried,
                           const base::SocketAddress& client, uint64_t now_ns) {
  RINGWAY_CHECK_OP(backend_index, <, backends_.size());
  for (const Reach reach : {Reach::kUsable, Reach::kAvoided, Reach::kEjected}) {
    Field field(tried);
    Fill(field, backend_index, reach, now_ns);
    while (!field.candidates().empty()) {
      const size_t at = Pick(backend_index, field.candidates(), client);
      const uint32_t server = field.candidates()[at].server_index;
      if (TryEnter(backend_index, server, reach, now_ns)) {
        return {.outcome = ChoiceOutcome::kServer, .server_index = server};
      }
      field.Remove(at);
    }
  }
  return {.outcome = WhyNone(backend_index, tried)};
}

bool ServerChoice::IsWithin(Reach reach, uint32_t place, uint64_t now_ns) const {
  if (tables_.health.IsDown(place)) return false;
  if (reach == Reach::kEjected) return true;
  if (tables_.health.IsEjected(place, now_ns)) return false;
  return reach == Reach::kAvoided || now_ns >= avoided_until_ns_[place];
}

void ServerChoice::Fill(Field& field, uint32_t backend_index, Reach reach, uint64_t now_ns) const {
  const config::Backend& backend = config_.backends[backend_index];
  const uint32_t count = row_.CountOf(backend_index);
  uint32_t server = backends_[backend_index].next;
  for (uint32_t looked_at = 0; looked_at < count; ++looked_at) {
    const uint32_t place = row_.Place(backend_index, server);
    const uint32_t sessions = tables_.occupancy.on_server(place);
    if (field.Takes(server) && !IsFull(backend, sessions) && IsWithin(reach, place, now_ns)) {
      field.Add(
          {.server_index = server, .weight = backend.servers[server].weight, .sessions = sessions});
    }
    server = server + 1 == count ? 0 : server + 1;
  }
}

bool ServerChoice::HasOther(uint32_t backend_index, ServerSet tried, uint64_t now_ns) const {
  const config::Backend& backend = config_.backends[backend_index];
  for (uint32_t server = 0; server < row_.CountOf(backend_index); ++server) {
    if ((tried >> server & 1U) != 0) continue;
    const uint32_t place = row_.Place(backend_index, server);
    const bool is_full = IsFull(backend, tables_.occupancy.on_server(place));
    const bool is_ill = tables_.health.IsDown(place) || tables_.health.IsEjected(place, now_ns);
    if (!is_full && !is_ill) return true;
  }
  return false;
}

size_t ServerChoice::Pick(uint32_t backend_index, Candidates candidates,
                          const base::SocketAddress& client) {
  Backend& backend = backends_[backend_index];
  switch (config_.backends[backend_index].balance) {
    case config::Balance::kLeastSessions:
      break;
    case config::Balance::kRoundRobin:
      return PickInTurn(candidates, backend.owed);
    case config::Balance::kRandomTwo:
      return PickRandomTwo(candidates, chance_);
    case config::Balance::kSourceHash:
      return PickBySource(candidates, ClientKey(client), backend.server_keys);
  }
  const size_t chosen = PickLeastSessions(candidates);
  const uint32_t next = candidates[chosen].server_index + 1;
  backend.next = next == row_.CountOf(backend_index) ? 0 : next;
  return chosen;
}

// False: another worker has taken the last place or the trial at this moment.
bool ServerChoice::TryEnter(uint32_t backend_index, uint32_t server_index, Reach reach,
                            uint64_t now_ns) {
  const uint32_t place = row_.Place(backend_index, server_index);
  const uint32_t sessions_max = config_.backends[backend_index].sessions_per_server_max;
  if (tables_.occupancy.EnterServer(place, sessions_max) != base::Admission::kAdmitted) {
    return false;
  }
  if (reach == Reach::kEjected ||
      tables_.health.TryTrial(place, now_ns, backends_[backend_index].ejection)) {
    return true;
  }
  tables_.occupancy.LeaveServer(place);
  return false;
}

ChoiceOutcome ServerChoice::WhyNone(uint32_t backend_index, ServerSet tried) const {
  auto why = ChoiceOutcome::kAllTried;
  for (uint32_t server = 0; server < row_.CountOf(backend_index); ++server) {
    if ((tried >> server & 1U) != 0) continue;
    if (!tables_.health.IsDown(row_.Place(backend_index, server))) return ChoiceOutcome::kAllFull;
    why = ChoiceOutcome::kNoneHealthy;
  }
  return why;
}

void ServerChoice::Leave(uint32_t backend_index, uint32_t server_index) {
  tables_.occupancy.LeaveServer(row_.Place(backend_index, server_index));
}

bool ServerChoice::OnFailed(uint32_t backend_index, uint32_t server_index, uint64_t now_ns) {
  const uint32_t place = row_.Place(backend_index, server_index);
  const bool is_ejected =
      tables_.health.OnDialFailed(place, now_ns, backends_[backend_index].ejection);
  if (is_ejected) tables_.counters.servers_ejected.Add(1);
  avoided_until_ns_[place] = now_ns + backends_[backend_index].avoid_ns;
  return is_ejected;
}

bool ServerChoice::OnConnected(uint32_t backend_index, uint32_t server_index) {
  const uint32_t place = row_.Place(backend_index, server_index);
  avoided_until_ns_[place] = 0;
  return tables_.health.OnDialSucceeded(place);
}

}  // namespace ringway::route
