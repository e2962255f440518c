// SPDX-License-Identifier: Apache-2.0
//
// One counter for each backend.
#include "gateway/route/server_choice.h"

#include "gateway/base/check.h"

namespace ringway::route {

ServerChoice::ServerChoice(const config::Config& config, uint32_t first) {
  turns_.reserve(config.backends.size());
  for (const config::Backend& backend : config.backends) {
    const auto count = static_cast<uint32_t>(backend.servers.size());
    RINGWAY_CHECK(count > 0);
    turns_.push_back({.next = first % count, .count = count});
  }
}

uint32_t ServerChoice::Next(uint32_t backend_index) {
  RINGWAY_CHECK_OP(backend_index, <, turns_.size());
  Turn& turn = turns_[backend_index];
  const uint32_t chosen = turn.next;
  turn.next = chosen + 1 == turn.count ? 0 : chosen + 1;
  return chosen;
}

}  // namespace ringway::route
