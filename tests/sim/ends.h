// SPDX-License-Identifier: Apache-2.0
//
// Both kinds of ends of a story as checks see them, whatever they say to each other: how many bytes
// are owed, how many came, and what is missing when it is over.
#pragma once

#include <cstdint>
#include <string>

#include "tests/sim/actor.h"

namespace ringway::sim {

class ClientEnd;

/// Whom the gateway dials for a client.
class BackendEnd : public Actor {
 public:
  /// `door`: where it is dialled. It outlives the end.
  BackendEnd(const Scene& scene, const Part& part, Server& door)
      : Actor(scene, part), door_(&door) {}

  Server& door() { return *door_; }
  bool IsCalled() const override { return connection_ == nullptr && !door_->waiting.empty(); }
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
  /// Whom it serves, by the cast.
  const ClientEnd& client() const;

  Server* door_;
  uint64_t sent_ = 0;
  uint64_t received_ = 0;
};

/// Who comes to the gateway.
class ClientEnd : public Actor {
 public:
  /// `entrance`: where it connects. It outlives the end.
  ClientEnd(const Scene& scene, const Part& part, Server& entrance)
      : Actor(scene, part), network_(&scene.network), entrance_(&entrance) {}

  void BeginAt(uint64_t at_ns) { due_ns_ = at_ns; }
  /// Where it comes from.
  uint16_t port() const { return static_cast<uint16_t>(20'000 + number_); }

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
  virtual std::string Missing() const = 0;
  bool saw_fin() const { return saw_fin_; }  ///< the gateway's stream ended in order

 protected:
  void Connect();
  /// Takes note of the end of the gateway's stream.
  void EndWithStream();
  /// Who serves it, by the cast. REQUIRES: its route has a backend.
  const BackendEnd& server() const;
  /// The name of its route, which is also the path that leads there.
  uint32_t route() const;

  Network* network_;
  Server* entrance_;
  bool saw_fin_ = false;
};

}  // namespace ringway::sim
