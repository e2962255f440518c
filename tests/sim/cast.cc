// SPDX-License-Identifier: Apache-2.0
//
// Looking up who belongs to whom.
#include "tests/sim/cast.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace ringway::sim {

namespace {

/// The numbers of a story's clients are so far apart: 302 is of story 2, its fourth.
constexpr uint32_t kNumbersApart = 100;
static_assert(kStoriesMax <= kNumbersApart);

}  // namespace

Cast::Cast(const Story& story, uint32_t number, Server& door)
    : story_(&story), number_(number), door_(&door) {
  for (uint32_t i = 0; i < story.clients; ++i) shares_.push_back(story.OfClient(i));
}

Part Cast::PartOf(size_t place) const {
  return {.cast = *this,
          .story = shares_[place],
          .number = number_ + kNumbersApart * static_cast<uint32_t>(place)};
}

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

void Cast::LetServe(BackendEnd& backend, const ClientEnd& client) {
  services_.push_back({.client = &client, .backend = &backend});
}

void Cast::SetPorter(std::unique_ptr<Porter> porter) {
  porter_ = porter.get();
  actors_.push_back(std::move(porter));
}

BackendEnd* Cast::ServerOf(const ClientEnd& client) const {
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
  if (server == nullptr) return false;
  // Nobody knows whose it was what never came past the door.
  return server->tainted() || door_->unreachable || (porter_ != nullptr && porter_->tainted());
}

bool Cast::IsWithheld(const ClientEnd& client) const {
  const auto is_withheld = [](const Actor* actor) {
    return actor != nullptr && actor->connection() != nullptr && actor->connection()->withheld;
  };
  return is_withheld(&client) || is_withheld(ServerOf(client)) ||
         (porter_ != nullptr && porter_->withheld());
}

std::string Cast::NameOf(const ClientEnd& client) const {
  if (clients_.size() == 1) return absl::StrCat("story ", number_);
  return absl::StrCat("story ", number_, ", client ", client.number());
}

}  // namespace ringway::sim
