// SPDX-License-Identifier: Apache-2.0
//
// What a simulated kernel lives in: the network, time, chance, and whatever happens by itself.
#pragma once

#include <cstdint>

#include "tests/sim/faults.h"
#include "tests/sim/network.h"
#include "tests/sim/random.h"
#include "tests/sim/verdict.h"

namespace ringway::sim {

/// Everything that happens outside of the worker.
class Events {
 public:
  virtual ~Events() = default;
  /// When something happens next; kNeverNs: nothing does by itself.
  virtual uint64_t NextDueNs() = 0;
  virtual void RunDue() = 0;
};

/// What the kernel lives in; all of it outlives the kernel.
struct Surroundings {
  Network& network;
  SimClock& clock;
  Random& random;
  Random& times;  ///< whether an operation never completes is drawn from here
  Faults& faults;
  Verdict& verdict;
  Events& events;
};

}  // namespace ringway::sim
