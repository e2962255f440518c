// SPDX-License-Identifier: Apache-2.0
//
// What a session shares with those of other workers: whether there is room for it, and which server
// it goes to. It is counted from here until Leave.
#include "gateway/http/refusals.h"
#include "gateway/session/session.h"

namespace ringway::session {
namespace {

using base::Admission;

}  // namespace

// WHY not before the request: a connection that has asked for nothing is no session, and those that
// never do could keep all others out. Their bound is the worker's slots, of which they go first.
bool Session::EnterGateway(Environment& environment, http::Refusal* refusal) {
  if (is_counted_) return true;
  const base::Limits& limits = environment.limits;
  if (environment.occupancy.Enter(limits.sessions_max) != Admission::kAdmitted) {
    environment.counters.refused_by_sessions_max.Add(1);
    *refusal = http::kSessionsMax;
    return false;
  }
  is_counted_ = true;
  return true;
}

bool Session::EnterAddress(Environment& environment, http::Refusal* refusal) {
  const base::Limits& limits = environment.limits;
  switch (environment.occupancy.EnterAddress(client_, limits.sessions_per_address_max,
                                             &address_slot_)) {
    case Admission::kAdmitted:
      return true;
    case Admission::kLimitReached:
      *refusal = http::kSessionsPerAddress;
      break;
    case Admission::kNoRoom:
      *refusal = http::kAddressesTooMany;
      break;
  }
  environment.counters.refused_by_address.Add(1);
  return false;
}

bool Session::EnterRoute(Environment& environment, http::Refusal* refusal) {
  if (!EnterGateway(environment, refusal)) return false;
  if (environment.occupancy.EnterRoute(route_->index, route_->sessions_max) ==
      Admission::kAdmitted) {
    is_counted_on_route_ = true;
    return true;
  }
  environment.counters.refused_by_route.Add(1);
  *refusal = http::kSessionsOfRoute;
  return false;
}

bool Session::DialNext(Environment& environment, http::Refusal* refusal, Intents& intents) {
  const route::Choice choice =
      environment.servers.Enter(route_->backend_index, tried_servers_, client_, environment.now_ns);
  switch (choice.outcome) {
    case route::ChoiceOutcome::kServer:
      server_index_ = choice.server_index;
      tried_servers_ |= route::ServerSet{1} << choice.server_index;
      intents.Dial(route_->backend_index, choice.server_index);
      return true;
    case route::ChoiceOutcome::kAllTried:
      break;
    case route::ChoiceOutcome::kAllFull:
      environment.counters.refused_by_servers_full.Add(1);
      *refusal = http::kServersFull;
      break;
    case route::ChoiceOutcome::kNoneHealthy:
      environment.counters.refused_by_health.Add(1);
      *refusal = http::kNoServerHealthy;
      break;
  }
  return false;
}

void Session::LeaveGateway(Environment& environment) {
  if (is_counted_) environment.occupancy.Leave();
  is_counted_ = false;
}

void Session::LeaveRoute(Environment& environment) {
  if (is_counted_on_route_) environment.occupancy.LeaveRoute(route_->index);
  is_counted_on_route_ = false;
}

void Session::LeaveServer(Environment& environment) {
  if (server_index_ == base::kNoSlot) return;
  environment.servers.Leave(route_->backend_index, server_index_);
  server_index_ = base::kNoSlot;
}

// What failed has been told.
void Session::BlameServer(Environment& environment) {
  if (environment.servers.OnFailed(route_->backend_index, server_index_, environment.now_ns)) {
    environment.news.OnServerEjected({route_->backend_index, server_index_});
  }
}

void Session::OnDialFailed(Environment& environment, std::string_view failure, NextServer next,
                           Intents& intents) {
  if (state_ != State::kDialing) return;
  if (next == NextServer::kTry) {
    BlameServer(environment);
  }
  LeaveServer(environment);
  http::Refusal refusal = http::BackendFailed(failure);
  if (next != NextServer::kSpare && DialNext(environment, &refusal, intents)) {
    environment.counters.dials_of_next_server.Add(1);
    return;
  }
  Refuse(environment, refusal,
         {.side = EndSide::kBackend,
          .reason = EndReason::kDialFailed,
          .code = static_cast<uint16_t>(refusal.status)},
         intents);
}

void Session::Leave(Environment& environment) {
  LeaveServer(environment);
  LeaveRoute(environment);
  environment.occupancy.LeaveAddress(address_slot_);
  LeaveGateway(environment);
  address_slot_ = base::Occupancy::kNothing;
}

}  // namespace ringway::session
