// SPDX-License-Identifier: Apache-2.0
//
// Coming and going, which both kinds of ends do alike.
#include "tests/sim/ends.h"

#include "tests/sim/cast.h"

namespace ringway::sim {

void BackendEnd::TakeConnection() {
  connection_ = door_->waiting.front();
  door_->waiting.pop_front();
  begin_ns_ = now();
  RINGWAY_TRACE(*verdict_, "backend %u: is dialled", number_);
}

const ClientEnd& BackendEnd::client() const { return cast_->ClientOf(*this); }

bool BackendEnd::tainted() const {
  const Connection* connection = connection_;
  if (connection == nullptr && !door_->waiting.empty()) connection = door_->waiting.front();
  return connection != nullptr && connection->tainted;
}

const BackendEnd& ClientEnd::server() const { return *cast_->ServerOf(*this); }

uint32_t ClientEnd::route() const { return cast_->number(); }

void ClientEnd::Connect() {
  begin_ns_ = now();
  connection_ = network_->Open(Network::AddressOf(port()));
  entrance_->waiting.push_back(connection_);
  RINGWAY_TRACE(*verdict_, "client %u: connects", number_);
}

void ClientEnd::EndWithStream() {
  saw_fin_ = connection_->FarState() == StreamState::kFin;
  if (saw_fin_) connection_->FarClose();
  done_ = true;
  RINGWAY_TRACE(*verdict_, "client %u: done, status %d, %lu bytes, %s", number_, status(),
                received(), saw_fin_ ? "FIN" : "reset");
}

}  // namespace ringway::sim
