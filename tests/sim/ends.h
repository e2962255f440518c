// SPDX-License-Identifier: Apache-2.0
//
// The two ends of a story as checks see them, whatever they say to each other: how many bytes are
// owed, how many came, and what is missing when it is over.
#pragma once

#include <cstdint>
#include <string>

#include "tests/sim/actor.h"

namespace ringway::sim {

/// Where a story takes place.
struct Scene {
  Network& network;
  const SimClock& clock;
  Random& random;
  Verdict& verdict;
};

/// Whom the gateway dials for one route.
class BackendEnd : public Actor {
 public:
  /// `door`: where the gateway dials it. All outlive the end.
  BackendEnd(const Scene& scene, const Story& story, uint32_t index, Server& door)
      : Actor(story, scene.clock, scene.random, scene.verdict), index_(index), door_(&door) {}

  Server& door() { return *door_; }
  const Server& door() const { return *door_; }
  /// Bytes for the client, and from it; handshakes are not among them.
  uint64_t sent() const { return sent_; }
  uint64_t received() const { return received_; }
  /// Of those sent, what the gateway's kernel has handed over.
  virtual uint64_t Taken() const = 0;
  /// A fault struck one of its connections.
  virtual bool tainted() const;

 protected:
  /// The next of those that have dialled it. REQUIRES: somebody waits.
  void TakeConnection();

  uint32_t index_;
  Server* door_;
  uint64_t sent_ = 0;
  uint64_t received_ = 0;
};

/// Who comes to the gateway.
class ClientEnd : public Actor {
 public:
  /// `index` names the story's route. `door`: where it connects. All outlive the end.
  ClientEnd(const Scene& scene, const Story& story, uint32_t index, Server& door)
      : Actor(story, scene.clock, scene.random, scene.verdict),
        network_(&scene.network),
        index_(index),
        door_(&door) {}

  void BeginAt(uint64_t at_ns) { due_ns_ = at_ns; }

  /// Of the newest answer to a handshake; 0: none is whole.
  virtual int status() const = 0;
  /// Bytes for the backend, and from it; handshakes and frame headers of its own are not among
  /// them.
  virtual uint64_t sent() const = 0;
  virtual uint64_t received() const = 0;
  /// Of those sent, what the gateway's kernel has handed over.
  virtual uint64_t Taken() = 0;
  /// Bytes flow in both directions, and neither has begun to end.
  virtual bool flows() const = 0;
  /// What a polite story that no fault struck lacks now that it is over; empty: nothing.
  virtual std::string Missing(const BackendEnd& backend) const = 0;
  bool saw_fin() const { return saw_fin_; }  ///< the gateway's stream ended in order

 protected:
  void Connect();
  /// Takes note of the end of the gateway's stream.
  void EndWithStream();

  Network* network_;
  uint32_t index_;
  Server* door_;
  bool saw_fin_ = false;
};

}  // namespace ringway::sim
