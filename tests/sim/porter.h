// SPDX-License-Identifier: Apache-2.0
//
// A backend that serves several clients at once has one door, and nobody but the gateway knows for
// whom a connection comes there. It says so by a PROXY header in front of each.
#pragma once

#include <string>
#include <vector>

#include "tests/sim/actor.h"

namespace ringway::sim {

/// Stands at that door: takes every connection in, reads the header to its end and not a byte
/// farther, and leads the connection to whoever serves that client by the cast. Behind the porter
/// each end of the backend has a door of its own, as if its client were the only one.
class Porter : public Actor {
 public:
  /// `door`: where the gateway dials the backend. It outlives the porter.
  Porter(const Scene& scene, const Part& part, Server& door) : Actor(scene, part), door_(&door) {}

  void Act() override;
  bool IsCalled() const override { return !door_->waiting.empty(); }
  bool TakeNews() override;

  /// A fault struck a connection before anybody knew for whom it came.
  bool tainted() const;
  /// An operation on such a connection never completes.
  bool withheld() const;

 private:
  struct Arrival {
    Connection* connection = nullptr;
    std::string header;  ///< as far as it has come
  };
  bool Leaves(Arrival& arrival);
  void Lead(const Arrival& arrival);

  Server* door_;
  std::vector<Arrival> arrivals_;  ///< whose header has not come whole
  bool lost_tainted_ = false;      ///< of those that ended before
  bool lost_withheld_ = false;
};

}  // namespace ringway::sim
