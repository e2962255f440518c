// SPDX-License-Identifier: Apache-2.0
//
// Who is introduced to whom.
#include "gateway/worker/parts.h"

#include <utility>

namespace ringway::worker {
namespace {

ws::ReaderRules RulesOf(const base::Limits& limits) {
  return {.frame_bytes_max = limits.frame_bytes_max, .message_bytes_max = limits.message_bytes_max};
}

}  // namespace

Parts::Parts(uring::Kernel& kernel, base::Clock& time, Observer& log, WorkerOptions given,
             Memory reserved)
    : ring(kernel),
      clock(time),
      observer(log),
      options(std::move(given)),
      limits(options.snapshot->config->limits),
      memory(std::move(reserved)),
      stores(memory.arena, memory.slices, limits),
      remembered_files(memory.files, environment.now_ns),
      link_peers(memory, kernel),
      servers(*options.snapshot->config,
              {.occupancy = *options.occupancy, .health = *options.health, .counters = counters},
              {.first = options.index, .seed = options.seed}),
      addresses(*options.snapshot->config,
                std::make_unique<ServerAddresses>(options.snapshot->addresses), options.index),
      session_snapshot{.table = options.snapshot->table,
                       .routes = options.snapshot->config->routes,
                       .servers = servers,
                       .addresses = addresses,
                       .occupancy = *options.occupancy,
                       .media_types = *options.media_types,
                       .rules = RulesOf(limits)},
      environment{.stores = stores,
                  .counters = counters,
                  .snapshot = &session_snapshot,
                  .files = remembered_files,
                  .news = log,
                  .peers = link_peers,
                  .now_ns = time.NowNs(),
                  .secret = options.seed ^ (uint64_t{options.index} << 32)} {
  memory.files.Bind(ring, memory.arena, counters);
}

}  // namespace ringway::worker
