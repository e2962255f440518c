// SPDX-License-Identifier: Apache-2.0
//
// That things go on: no session outlives its timeouts, no turn is taken without a cause, and a
// drain needs a bounded number of turns.
#pragma once

#include <cstdint>
#include <vector>

#include "gateway/worker/worker.h"
#include "tests/sim/checks.h"
#include "tests/sim/kernel_tables.h"
#include "tests/sim/plan.h"

namespace ringway::sim {

/// Remembers what the turns before have shown; called once after each.
class Liveness {
 public:
  Liveness(const Plan& plan, const worker::Worker& worker, const KernelTables& kernel,
           const SimClock& clock, Verdict& verdict)
      : plan_(&plan), worker_(&worker), kernel_(&kernel), clock_(&clock), verdict_(&verdict) {}

  void AfterTurn(const Casts& casts);
  /// From now on turns are counted.
  void BeginDrain() { draining_ = true; }

 private:
  void Causes();
  void Polls();
  /// How far a client's bytes have come, and since when they have not come farther.
  struct Still {
    uint64_t moved = UINT64_MAX;
    uint64_t since_ns = 0;
  };

  void Timeouts(const Casts& casts);
  void Timeout(const Cast& cast, const ClientEnd& client, Still& still);
  void Drain();
  uint64_t LongestStillNs(const ClientEnd& client) const;

  const Plan* plan_;
  const worker::Worker* worker_;
  const KernelTables* kernel_;
  const SimClock* clock_;
  Verdict* verdict_;

  uint64_t causes_ = 0;      ///< completions, submissions and faults that end a wait
  uint32_t idle_turns_ = 0;  ///< in a row without a new one
  uint64_t idle_since_ns_ = 0;
  uint32_t sessions_ = 0;       ///< open after the last turn
  uint64_t polls_ = 0;          ///< submitted when a byte last moved
  uint64_t poll_moved_ = 0;     ///< bytes that had moved then
  std::vector<Still> still_;    ///< by the client's place among all
  bool cells_ran_out_ = false;  ///< once: some pings are not sent, or late
  bool draining_ = false;
  uint64_t drain_turns_ = 0;
  uint64_t drain_moving_turns_ = 0;
  uint64_t drain_moved_ = 0;
};

}  // namespace ringway::sim
