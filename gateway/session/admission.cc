// SPDX-License-Identifier: Apache-2.0
//
// What a session shares with those of other workers: whether there is room for it, which server it
// goes to, and which of its addresses is dialled. It is counted from here until Leave.
#include <optional>
#include <utility>

#include "gateway/base/address_range.h"
#include "gateway/http/refusals.h"
#include "gateway/session/session.h"
#include "gateway/session/told_client.h"

namespace ringway::session {
namespace {

using base::Admission;
using base::LinkRole;

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

bool SessionBytes::EnterAddress(Environment& environment, http::Refusal* refusal) {
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

void SessionBytes::LeaveAddress(Environment& environment) {
  environment.occupancy.LeaveAddress(std::exchange(address_slot_, base::Occupancy::kNothing));
}

base::SocketAddress SessionBytes::SenderOf(Environment& environment) const {
  return client_is_told_ ? environment.peers.PeerOf(slot_) : client_;
}

bool SessionBytes::IsTrusted(const Environment& environment,
                             const base::SocketAddress& sender) const {
  const auto& listener = environment.table.config().listeners[listener_index_];
  return base::ContainedInAny(listener.trusted_proxies, sender);
}

// Each request anew: a proxy sends those of many clients on one connection. Behind a PROXY header
// the client is whom that has named.
bool SessionBytes::EnterToldClient(Environment& environment, std::string_view head,
                                   http::Refusal* refusal) {
  const config::Listener& listener = environment.table.config().listeners[listener_index_];
  if (listener.proxy_protocol || listener.trusted_proxies.empty()) return true;
  client_ = SenderOf(environment);
  client_is_told_ = false;
  if (!IsTrusted(environment, client_)) return true;
  LeaveAddress(environment);
  const base::SocketAddress client = ToldClient(head, client_, listener.trusted_proxies);
  if (client == client_) return true;
  client_ = client;
  client_is_told_ = true;
  return EnterAddress(environment, refusal);
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
      tried_addresses_ = 0;
      is_server_spared_ = false;
      return DialAddress(environment, intents);
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

bool SessionBytes::DialAddress(Environment& environment, Intents& intents) {
  const uint32_t backend_index = route_->backend_index;
  const std::optional<uint32_t> address = environment.addresses.Pick(
      backend_index, server_index_, tried_addresses_, client_, environment.now_ns);
  if (!address) return false;
  address_index_ = static_cast<uint8_t>(*address);
  tried_addresses_ |= static_cast<route::AddressMask>(1U << *address);
  const config::Backend& backend = environment.table.config().backends[backend_index];
  try_due_ns_ = environment.now_ns + backend.try_timeout_ns;
  intents.Dial(backend_index, server_index_, *address);
  intents.Timer(NextDueNs(environment));
  return true;
}

// What failed has been told. WHY all its addresses: a server is not to be ejected while one of them
// answers others.
void SessionBytes::BlameServer(Environment& environment) const {
  if (is_server_spared_ || !environment.addresses.AllFailed(route_->backend_index, server_index_)) {
    return;
  }
  if (environment.servers.OnFailed(route_->backend_index, server_index_, environment.now_ns)) {
    environment.news.OnServerEjected({route_->backend_index, server_index_});
  }
}

// try_timeout is over, or connect_timeout. What is dialled last has all that is left of the latter:
// to give it up would bring the client nothing. The next dial waits for the end of this one,
// because a session has one backend link.
void Session::OnDialDue(Environment& environment, Intents& intents) {
  const uint32_t backend_index = route_->backend_index;
  try_due_ns_ = UINT64_MAX;
  if (environment.now_ns < NextDueNs(environment)) {
    const bool has_other =
        environment.addresses.HasOther(backend_index, server_index_, tried_addresses_) ||
        environment.servers.HasOther(backend_index, tried_servers_, environment.now_ns);
    if (has_other) {
      environment.counters.dials_failed.Add(1);
      environment.counters.dials_given_up.Add(1);
      redials_ = true;
      intents.Drop(LinkRole::kBackend);
    }
    return intents.Timer(NextDueNs(environment));
  }
  if (!redials_) {
    environment.counters.dials_failed.Add(1);
    environment.news.OnDialTimedOut({backend_index, server_index_});
  }
  environment.addresses.OnFailed(backend_index, server_index_, address_index_, environment.now_ns);
  BlameServer(environment);
  intents.Drop(LinkRole::kBackend);
  OnDialFailed(environment, http::kBackendTooSlow.reason, NextServer::kSpare, intents);
}

void Session::LeaveGateway(Environment& environment) {
  if (is_counted_) environment.occupancy.Leave();
  is_counted_ = false;
  if (client_is_told_) LeaveAddress(environment);
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

void Session::OnDialFailed(Environment& environment, std::string_view failure, NextServer next,
                           Intents& intents) {
  if (state_ != State::kDialing) return;
  if (next != NextServer::kSpare) {
    environment.addresses.OnFailed(route_->backend_index, server_index_, address_index_,
                                   environment.now_ns);
    if (next == NextServer::kTryBlameless) is_server_spared_ = true;
    if (DialAddress(environment, intents)) {
      environment.counters.dials_of_next_address.Add(1);
      return;
    }
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
  LeaveAddress(environment);
  LeaveGateway(environment);
}

}  // namespace ringway::session
