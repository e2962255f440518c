// SPDX-License-Identifier: Apache-2.0
//
// The operations that the simulated kernel holds: those that have not ended, those that a fault
// delays, and the ghosts of those that ended long ago.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/sim/completions.h"
#include "tests/sim/descriptors.h"
#include "tests/sim/request.h"
#include "tests/sim/surroundings.h"

namespace ringway::sim {

class InFlight {
 public:
  /// All three outlive it.
  InFlight(const Surroundings& around, const Descriptors& descriptors, Completions& completions)
      : around_(around), descriptors_(&descriptors), completions_(&completions) {}

  /// In the order in which they were submitted. Those that are done stay until EraseDone.
  std::vector<Request>& all() { return requests_; }
  const std::vector<Request>& all() const { return requests_; }
  /// The last completion of a request, which need not be one of all().
  void Finish(Request& request, int result, Nature nature);
  void EraseDone();

  void AddGhost(const Ghost& ghost) { ghosts_.push_back(ghost); }
  /// Those that are due.
  void PostGhosts();

  /// When something of all this may go on; kNeverNs: nothing does by the time alone.
  uint64_t NextDueNs() const;

  // ---- What checks ask
  size_t count() const { return requests_.size(); }
  size_t disk_count() const;  ///< those of them that wait for the disk
  bool IsReceiving(const Connection* connection) const;
  /// A fault delays one of its operations.
  bool IsHeldBack(const Connection* connection) const;

 private:
  Surroundings around_;
  const Descriptors* descriptors_;
  Completions* completions_;
  std::vector<Request> requests_;
  std::vector<Ghost> ghosts_;
};

}  // namespace ringway::sim
