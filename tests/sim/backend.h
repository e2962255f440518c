// SPDX-License-Identifier: Apache-2.0
//
// A simulated TCP service behind one route: echoes, talks or listens, and ends as its story says.
#pragma once

#include "tests/sim/ends.h"

namespace ringway::sim {

class Backend : public BackendEnd {
 public:
  Backend(const Scene& scene, const Part& part, Server& door);

  void Act() override;

  uint64_t Taken() const override { return connection_->up.taken(); }

 private:
  void ReadSome();
  void WriteSome();
  uint64_t Owed() const;
  void EndIfOver();

  Tape up_;
  Tape down_;
  bool shut_ = false;
};

}  // namespace ringway::sim
