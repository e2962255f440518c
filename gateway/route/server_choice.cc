// SPDX-License-Identifier: Apache-2.0
//
// One walk over the servers of a backend.
#include "gateway/route/server_choice.h"

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
    : row_(config), occupancy_(occupancy) {
  next_.reserve(config.backends.size());
  for (uint32_t backend = 0; backend < config.backends.size(); ++backend) {
    next_.push_back(first % row_.CountOf(backend));
  }
}

std::optional<uint32_t> ServerChoice::Enter(uint32_t backend_index, ServerSet tried) {
  RINGWAY_CHECK_OP(backend_index, <, next_.size());
  const uint32_t count = row_.CountOf(backend_index);
  std::optional<uint32_t> chosen;
  uint32_t fewest = 0;
  uint32_t server = next_[backend_index];
  for (uint32_t looked_at = 0; looked_at < count; ++looked_at) {
    const uint32_t sessions = occupancy_.on_server(row_.Place(backend_index, server));
    const bool was_tried = (tried >> server & 1U) != 0;
    if (!was_tried && (!chosen || sessions < fewest)) {
      chosen = server;
      fewest = sessions;
    }
    server = server + 1 == count ? 0 : server + 1;
  }
  if (!chosen) return std::nullopt;
  next_[backend_index] = *chosen + 1 == count ? 0 : *chosen + 1;
  occupancy_.EnterServer(row_.Place(backend_index, *chosen));
  return chosen;
}

void ServerChoice::Leave(uint32_t backend_index, uint32_t server_index) {
  occupancy_.LeaveServer(row_.Place(backend_index, server_index));
}

}  // namespace ringway::route
