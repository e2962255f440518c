// SPDX-License-Identifier: Apache-2.0
//
// A simulated TCP service behind one route: echoes, talks or listens, and ends as its story says.
#pragma once

#include "tests/sim/client.h"
#include "tests/sim/ends.h"

namespace ringway::sim {

class Backend : public BackendEnd {
 public:
  /// `door`: where the gateway dials it. All outlive the backend.
  Backend(const Scene& scene, const Story& story, uint32_t index, Server& door);

  void SetClient(const Client& client) { client_ = &client; }
  void Act() override;

  uint64_t Taken() const override { return connection_->up.taken(); }

 private:
  void ReadSome();
  void WriteSome();
  uint64_t Owed() const;
  void EndIfOver();

  const Client* client_ = nullptr;
  Tape up_;
  Tape down_;
  bool shut_ = false;
};

}  // namespace ringway::sim
