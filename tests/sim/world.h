// SPDX-License-Identifier: Apache-2.0
//
// One run: a worker as it is in production, on a simulated kernel, with the clients and backends of
// a plan around it, from its opening to the end of its drain.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/worker/worker.h"
#include "tests/sim/checks.h"
#include "tests/sim/file_actor.h"
#include "tests/sim/plan.h"
#include "tests/sim/sim_kernel.h"

namespace ringway::sim {

/// What a run has to tell.
struct Outcome {
  std::string failure;  ///< empty: all is well
  uint64_t turns = 0;
  uint64_t virtual_ns = 0;
  uint64_t sessions = 0;
  uint64_t bytes = 0;
  uint64_t whole_stories = 0;  ///< polite ones that arrived whole
  std::array<uint64_t, kFaults> struck{};
  /// The worker's, each by its name.
  std::vector<std::pair<std::string_view, uint64_t>> counters;
};

enum class Tracing : uint8_t { kOff, kOn };

class World : public Events {
 public:
  World(Plan plan, Tracing tracing);
  ~World() override;

  Outcome Run();

  uint64_t NextDueNs() override;
  void RunDue() override;

 private:
  void OpenWorker();
  std::shared_ptr<const worker::Snapshot> MakeSnapshot() const;
  void WakeTouched();
  void Direct();
  void RequestDrain();
  void TellOfTheStuck();
  bool Going() const;
  void CheckOccupancy();
  void EndWorker();
  void NoteOutcome(Outcome& outcome) const;

  Plan plan_;
  SimClock clock_;
  uint64_t begin_ns_;
  Verdict verdict_{clock_};
  Network network_;
  Surroundings around_;
  SimKernel kernel_;
  KernelTables& tables_{kernel_.tables()};
  FileBook book_{tables_.tree, clock_};
  FileActor file_actor_{plan_.files, plan_.changes, book_, verdict_};
  int root_ = -1;  ///< of all routes of mode static; -1: there is none
  Ledger ledger_;
  Casts casts_;
  std::array<Server*, kListeners> doors_{};
  int wake_fd_ = -1;
  std::shared_ptr<base::Occupancy> occupancy_;
  std::unique_ptr<worker::Worker> worker_;
  bool gave_up_ = false;  ///< the worker, on what never completes
  bool acted_ = false;    ///< somebody did something since the last look at all stories
  uint64_t turns_ = 0;
  uint64_t drain_at_ns_ = kNeverNs;
  uint64_t drained_ns_ = kNeverNs;  ///< when the drain was asked for
};

}  // namespace ringway::sim
