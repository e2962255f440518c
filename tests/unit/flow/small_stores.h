// SPDX-License-Identifier: Apache-2.0
//
// A worker's stores, made to measure: pools, slices and the shares of them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "gateway/base/arena.h"
#include "gateway/base/limits.h"
#include "gateway/flow/send_queue.h"
#include "gateway/flow/stores.h"

namespace ringway::flow {

/// What a test wants to be few or many; the rest is as by default.
inline base::Limits SmallLimits() {
  base::Limits limits;
  limits.sessions_per_worker_max = 4;
  limits.small_buffers = 64;
  limits.bulk_buffers = 32;
  limits.chunks = 40;
  limits.cells = 12;  // two for each session, and four for whoever comes first
  return limits;
}

/// A tenth of what is shared by default.
inline base::Limits TenthOfTheDefaults() {
  base::Limits limits;
  limits.sessions_per_worker_max = 6553;
  limits.small_buffers = 128;
  limits.bulk_buffers = 32;
  limits.chunks = 1638;
  limits.pipes = 25;
  limits.cells = 13107;
  limits.worker_queued_bytes_max /= 10;
  return limits;
}

/// Stands still: the stores point into it.
struct SmallStores {
  static constexpr uint32_t kBackends = 2;
  static constexpr uint32_t kLent = 4;

  explicit SmallStores(const base::Limits& limits)
      : arena(*base::Arena::Map(
            {limits.small_buffers, limits.bulk_buffers, limits.chunks, limits.cells, kLent},
            Stores::AccountsOf(limits.sessions_per_worker_max, kBackends))),
        slices(*SlicePool::Map(
            limits.small_buffers + limits.bulk_buffers + 2 * limits.chunks + 2 * limits.cells,
            "slices")),
        stores(arena, slices, limits) {}
  SmallStores(const SmallStores&) = delete;
  SmallStores& operator=(const SmallStores&) = delete;

  base::Arena arena;
  SlicePool slices;
  Stores stores;
};

}  // namespace ringway::flow
