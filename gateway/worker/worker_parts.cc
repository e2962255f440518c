// SPDX-License-Identifier: Apache-2.0
//
// Who is introduced to whom.
#include "gateway/worker/worker_parts.h"

#include <utility>

namespace ringway::worker {
namespace {

ws::ReaderRules RulesOf(const base::Limits& limits) {
  return {.frame_bytes_max = limits.frame_bytes_max, .message_bytes_max = limits.message_bytes_max};
}

}  // namespace

WorkerParts::WorkerParts(uring::Kernel& kernel, base::Clock& clock, Observer& observer,
                         WorkerOptions options, Memory memory)
    : ring_(kernel),
      clock_(clock),
      observer_(observer),
      options_(std::move(options)),
      limits_(options_.snapshot->config->limits),
      memory_(std::move(memory)),
      stores_(memory_.arena, memory_.slices, limits_),
      acceptor_(ring_, counters_, options_.sockets),
      dialer_(ring_, counters_),
      sender_(ring_, stores_, counters_),
      splicer_(ring_, counters_, limits_.pipes),
      file_sender_(ring_, counters_),
      remembered_files_(memory_.files, environment_.now_ns),
      link_peers_(memory_, kernel),
      servers_(
          *options_.snapshot->config,
          {.occupancy = *options_.occupancy, .health = *options_.health, .counters = counters_},
          {.first = options_.index, .seed = options_.seed}),
      addresses_(*options_.snapshot->config,
                 std::make_unique<ServerAddresses>(options_.snapshot->addresses), options_.index),
      next_source_(options_.snapshot->config->backends.size(), {options_.index, options_.index}),
      session_snapshot_{.table = options_.snapshot->table,
                        .routes = options_.snapshot->config->routes,
                        .servers = servers_,
                        .addresses = addresses_,
                        .occupancy = *options_.occupancy,
                        .media_types = *options_.media_types,
                        .rules = RulesOf(limits_)},
      environment_{.stores = stores_,
                   .counters = counters_,
                   .snapshot = &session_snapshot_,
                   .files = remembered_files_,
                   .news = observer_,
                   .peers = link_peers_,
                   .now_ns = clock.NowNs(),
                   .secret = options_.seed ^ (uint64_t{options_.index} << 32)} {
  memory_.files.Bind(ring_, memory_.arena, counters_);
}

}  // namespace ringway::worker
