// SPDX-License-Identifier: Apache-2.0
//
// That nobody waits for others: where a source has bytes, its target has room and the gateway holds
// nothing between them, bytes move within a few turns, whatever the hostile cast does to its own
// sessions. Judged by what the kernel and both ends have seen, not by what the worker says.
#pragma once

#include <cstdint>
#include <vector>

#include "gateway/worker/worker.h"
#include "tests/sim/checks.h"
#include "tests/sim/kernel_tables.h"
#include "tests/sim/plan.h"

namespace ringway::sim {

/// Remembers since when each direction of each polite client stands still; called once after each
/// turn. Only in steady weather: in hectic weather the gateway ends sessions by itself.
class Progress {
 public:
  Progress(const Plan& plan, const worker::Worker& worker, const KernelTables& kernel,
           const SimClock& clock, Verdict& verdict)
      : plan_(&plan), worker_(&worker), kernel_(&kernel), clock_(&clock), verdict_(&verdict) {}

  void AfterTurn(const Casts& casts);

 private:
  struct Direction {
    const char* name = "";  ///< of its source
    const Connection* source = nullptr;
    const Connection* target = nullptr;
    uint64_t taken = 0;      ///< payload that the gateway's kernel has handed over
    uint64_t delivered = 0;  ///< payload that the other end has, or that is on its way there
  };
  /// How far a direction has come, and for how long it has not come farther.
  struct Still {
    uint64_t taken = UINT64_MAX;
    uint32_t turns = 0;
    uint64_t since_ns = 0;
  };

  struct Stills {
    Still first;  ///< of a client that has just come
    Still up;
    Still down;
  };

  bool IsExcusedTurn();
  bool MustMove(const Direction& direction) const;
  bool AwaitsFirstRead(const ClientEnd& client) const;
  void LookAt(const Cast& cast, ClientEnd& client, Stills& still) const;
  void LookAtFirstBytes(const Cast& cast, const ClientEnd& client, Still& still) const;
  void LookAtFlow(const Cast& cast, const ClientEnd& client, const Direction& direction,
                  Still& still) const;
  bool StandsTooLong(Still& still) const;

  const Plan* plan_;
  const worker::Worker* worker_;
  const KernelTables* kernel_;
  const SimClock* clock_;
  Verdict* verdict_;

  uint64_t delays_ = 0;   ///< faults so far that may cost a session a turn
  uint64_t starved_ = 0;  ///< receives so far that found no buffer
  bool is_excused_ = false;
  std::vector<Stills> still_;  ///< by the client's place among all
};

}  // namespace ringway::sim
