// SPDX-License-Identifier: Apache-2.0
//
// One walk over the servers of a backend.
#include "gateway/route/server_choice.h"

#include <utility>

#include "gateway/base/check.h"

namespace ringway::route {

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

ServerChoice::ServerChoice(const config::Config& config, base::Occupancy& occupancy, uint32_t first)
    : row_(config), occupancy_(occupancy), avoided_until_ns_(row_.count()) {
  next_.reserve(config.backends.size());
  for (uint32_t backend = 0; backend < config.backends.size(); ++backend) {
    next_.push_back(first % row_.CountOf(backend));
  }
}

std::optional<uint32_t> ServerChoice::Enter(uint32_t backend_index, ServerSet tried,
                                            uint64_t now_ns) {
  RINGWAY_CHECK_OP(backend_index, <, next_.size());
  const uint32_t count = row_.CountOf(backend_index);
  /// Whether the server is avoided, then its sessions: the least is best.
  using Rank = std::pair<bool, uint32_t>;
  std::optional<uint32_t> chosen;
  Rank best;
  uint32_t server = next_[backend_index];
  for (uint32_t looked_at = 0; looked_at < count; ++looked_at) {
    const uint32_t place = row_.Place(backend_index, server);
    const Rank rank(now_ns < avoided_until_ns_[place], occupancy_.on_server(place));
    const bool was_tried = (tried >> server & 1U) != 0;
    if (!was_tried && (!chosen || rank < best)) {
      chosen = server;
      best = rank;
    }
    server = server + 1 == count ? 0 : server + 1;
  }
  if (!chosen) return std::nullopt;
  next_[backend_index] = *chosen + 1 == count ? 0 : *chosen + 1;
  occupancy_.EnterServer(row_.Place(backend_index, *chosen));
  return chosen;
}

void ServerChoice::OnFailed(uint32_t backend_index, uint32_t server_index, uint64_t now_ns) {
  avoided_until_ns_[row_.Place(backend_index, server_index)] = now_ns + kAvoidNs;
}

void ServerChoice::Leave(uint32_t backend_index, uint32_t server_index) {
  occupancy_.LeaveServer(row_.Place(backend_index, server_index));
}

}  // namespace ringway::route
