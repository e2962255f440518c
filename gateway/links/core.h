// SPDX-License-Identifier: Apache-2.0
//
// What the classes of this room share.
#pragma once

#include <cstdint>

#include "gateway/base/counters.h"
#include "gateway/base/limits.h"
#include "gateway/flow/stores.h"
#include "gateway/links/memory.h"
#include "gateway/links/sink.h"
#include "uring/ring.h"

namespace ringway::links {

/// One worker's. Everything outlives it.
struct Core {
  uring::Ring& ring;
  flow::Stores& stores;
  base::Counters& counters;
  const base::Limits& limits;
  const uint64_t& now_ns;  ///< of this turn
  Memory& memory;
  Sink& sink;
  /// What this turn's completions have cost, by estimate: on the machine that it was measured on
  /// (2 GHz).
  uint64_t work_ns = 0;
  bool received_in_turn = false;  ///< somebody's bytes came in this turn

  Link& operator[](uint32_t index) { return memory.links[index]; }
  base::LinkId IdOf(uint32_t index) { return {index, memory.links.generation(index)}; }
};

}  // namespace ringway::links
