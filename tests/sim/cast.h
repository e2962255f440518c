// SPDX-License-Identifier: Apache-2.0
//
// Who takes part in a story, in which role, and who owes whom: clients, which come to the gateway,
// ends of a backend, whom it dials for them, and the porter where these have one door. Whoever
// wants to know what a client is owed, and by whom, asks its cast; nobody else knows how many take
// part.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tests/sim/ends.h"
#include "tests/sim/porter.h"

namespace ringway::sim {

/// The cast of one story, which has a route and a backend of its own. It owns its actors and stays
/// where it is, since they ask it.
class Cast {
 public:
  /// Nobody yet. `number` is the story's, its route's and its backend's; the gateway dials that at
  /// `door`. Story and door outlive the cast.
  Cast(const Story& story, uint32_t number, Server& door);
  Cast(const Cast&) = delete;
  Cast& operator=(const Cast&) = delete;

  const Story& story() const { return *story_; }
  uint32_t number() const { return number_; }
  Server& door() { return *door_; }
  const Server& door() const { return *door_; }

  // ---- Setting it up
  /// What there is to play for the client of this place, and for who serves it.
  Part PartOf(size_t place) const;
  ClientEnd& AddClient(std::unique_ptr<ClientEnd> client);
  BackendEnd& AddBackend(std::unique_ptr<BackendEnd> backend);
  /// `backend` gets what `client` sends, and sends what that is owed. A client is served by one at
  /// most. REQUIRES: both are in the cast.
  void LetServe(BackendEnd& backend, const ClientEnd& client);
  /// A backend that serves several clients has a porter at its door, and a door behind him for each
  /// of its ends.
  void SetPorter(std::unique_ptr<Porter> porter);
  Server& AddDoor() { return inner_doors_.emplace_back(); }

  // ---- Asking it
  /// Everybody, in the order in which they act.
  std::span<const std::unique_ptr<Actor>> actors() const { return actors_; }
  std::span<ClientEnd* const> clients() const { return clients_; }
  std::span<BackendEnd* const> backends() const { return backends_; }
  /// Who serves this client; nullptr: the gateway answers it by itself.
  BackendEnd* ServerOf(const ClientEnd& client) const;
  /// Whom this end serves. REQUIRES: it serves one client, and no others.
  const ClientEnd& ClientOf(const BackendEnd& backend) const;

  /// A fault struck a connection of this client or of who serves it, or kept the gateway from its
  /// backend.
  bool IsTainted(const ClientEnd& client) const;
  /// An operation on one of those connections never completes, so its part may never end.
  bool IsWithheld(const ClientEnd& client) const;
  /// As a verdict calls it.
  std::string NameOf(const ClientEnd& client) const;

 private:
  struct Service {
    const ClientEnd* client;
    BackendEnd* backend;
  };

  const Story* story_;
  uint32_t number_;
  Server* door_;
  std::vector<Story> shares_;  ///< the story as each of its clients has it
  std::deque<Server> inner_doors_;
  std::vector<std::unique_ptr<Actor>> actors_;
  std::vector<ClientEnd*> clients_;
  std::vector<BackendEnd*> backends_;
  const Porter* porter_ = nullptr;
  std::vector<Service> services_;
};

/// Those of all stories, by their numbers.
using Casts = std::deque<Cast>;

/// Visits each client of all casts, with its place among all of them.
template <typename Visit>
void ForEachClient(const Casts& casts, Visit&& visit) {
  size_t place = 0;
  for (const Cast& cast : casts) {
    for (ClientEnd* const client : cast.clients()) visit(cast, *client, place++);
  }
}

}  // namespace ringway::sim
