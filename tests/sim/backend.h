// SPDX-License-Identifier: Apache-2.0
//
// A simulated TCP service behind one route: echoes, talks or listens, and ends as its story says.
#pragma once

#include "tests/sim/actor.h"
#include "tests/sim/client.h"

namespace ringway::sim {

class Backend : public Actor {
 public:
  /// `door`: where the gateway dials it. All outlive the backend.
  Backend(const Scene& scene, const Story& story, uint32_t index, Server& door);

  void SetClient(const Client& client) { client_ = &client; }
  void Act() override;

  Server& door() { return *door_; }
  const Server& door() const { return *door_; }
  uint64_t received() const { return received_; }
  uint64_t sent() const { return sent_; }

 private:
  void ReadSome();
  void WriteSome();
  uint64_t Owed() const;
  void EndIfOver();

  uint32_t index_;
  Server* door_;
  const Client* client_ = nullptr;
  Tape up_;
  Tape down_;
  uint64_t received_ = 0;
  uint64_t sent_ = 0;
  bool shut_ = false;
};

}  // namespace ringway::sim
