// SPDX-License-Identifier: Apache-2.0
//
// Looking up who belongs to whom.
#include "tests/sim/cast.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace ringway::sim {

ClientEnd& Cast::AddClient(std::unique_ptr<ClientEnd> client) {
  clients_.push_back(client.get());
  actors_.push_back(std::move(client));
  return *clients_.back();
}

BackendEnd& Cast::AddBackend(std::unique_ptr<BackendEnd> backend) {
  backends_.push_back(backend.get());
  actors_.push_back(std::move(backend));
  return *backends_.back();
}

void Cast::LetServe(const BackendEnd& backend, const ClientEnd& client) {
  services_.push_back({.client = &client, .backend = &backend});
}

const BackendEnd* Cast::ServerOf(const ClientEnd& client) const {
  const auto found = std::ranges::find(services_, &client, &Service::client);
  return found == services_.end() ? nullptr : found->backend;
}

const ClientEnd& Cast::ClientOf(const BackendEnd& backend) const {
  return *std::ranges::find(services_, &backend, &Service::backend)->client;
}

bool Cast::IsTainted(const ClientEnd& client) const {
  const Connection* near = client.connection();
  if (near != nullptr && near->tainted) return true;
  const BackendEnd* server = ServerOf(client);
  return server != nullptr && (server->tainted() || door_->unreachable);
}

bool Cast::IsWithheld(const ClientEnd& client) const {
  const auto is_withheld = [](const Actor* actor) {
    return actor != nullptr && actor->connection() != nullptr && actor->connection()->withheld;
  };
  return is_withheld(&client) || is_withheld(ServerOf(client));
}

std::string Cast::NameOf(const ClientEnd& client) const {
  if (clients_.size() == 1) return absl::StrCat("story ", number_);
  return absl::StrCat("story ", number_, ", client ", client.number());
}

}  // namespace ringway::sim
