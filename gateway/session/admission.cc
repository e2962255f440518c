// SPDX-License-Identifier: Apache-2.0
#include "gateway/session/admission.h"

#include <utility>

#include "gateway/base/address_range.h"
#include "gateway/http/refusals.h"
#include "gateway/session/told_client.h"

namespace ringway::session {
namespace {

using base::Admission;

const config::Listener& ListenerOf(const Shell& shell) {
  return shell.snapshot->table.config().listeners[shell.listener_index];
}

bool EnterGateway(const Call& call, http::Refusal* refusal) {
  if (call.shell.is_counted) return true;
  if (call.snapshot().occupancy.Enter(call.limits().sessions_max) != Admission::kAdmitted) {
    call.counters().refused_by_sessions_max.Add(1);
    *refusal = http::kSessionsMax;
    return false;
  }
  call.shell.is_counted = true;
  return true;
}

}  // namespace

bool EnterAddress(const Call& call, http::Refusal* refusal) {
  Shell& shell = call.shell;
  switch (call.snapshot().occupancy.EnterAddress(
      shell.client, call.limits().sessions_per_address_max, &shell.address_slot)) {
    case Admission::kAdmitted:
      return true;
    case Admission::kLimitReached:
      *refusal = http::kSessionsPerAddress;
      break;
    case Admission::kNoRoom:
      *refusal = http::kAddressesTooMany;
      break;
  }
  call.counters().refused_by_address.Add(1);
  return false;
}

// Behind a PROXY header the client is whom that has named.
bool EnterToldClient(const Call& call, std::string_view head, http::Refusal* refusal) {
  Shell& shell = call.shell;
  const config::Listener& listener = ListenerOf(shell);
  if (listener.proxy_protocol || listener.trusted_proxies.empty()) return true;
  shell.client = SenderOf(call);
  shell.client_is_told = false;
  if (!IsTrusted(shell, shell.client)) return true;
  LeaveAddress(shell);
  const base::SocketAddress client = ToldClient(head, shell.client, listener.trusted_proxies);
  if (client == shell.client) return true;
  shell.client = client;
  shell.client_is_told = true;
  return EnterAddress(call, refusal);
}

bool EnterRoute(const Call& call, http::Refusal* refusal) {
  if (!EnterGateway(call, refusal)) return false;
  const config::Route& route = call.route();
  if (call.snapshot().occupancy.EnterRoute(route.index, route.sessions_max) ==
      Admission::kAdmitted) {
    call.shell.is_counted_on_route = true;
    return true;
  }
  call.counters().refused_by_route.Add(1);
  *refusal = http::kSessionsOfRoute;
  return false;
}

void LeaveAddress(Shell& shell) {
  shell.snapshot->occupancy.LeaveAddress(
      std::exchange(shell.address_slot, base::Occupancy::kNothing));
}

void LeaveGateway(Shell& shell) {
  if (shell.is_counted) shell.snapshot->occupancy.Leave();
  shell.is_counted = false;
  if (shell.client_is_told) LeaveAddress(shell);
}

void LeaveRoute(Shell& shell) {
  if (shell.is_counted_on_route) shell.snapshot->occupancy.LeaveRoute(shell.route_index);
  shell.is_counted_on_route = false;
}

void LeaveServer(Shell& shell) {
  if (shell.server_index == base::kNoSlot) return;
  const uint32_t backend_index = shell.snapshot->routes[shell.route_index].backend_index;
  shell.snapshot->servers.Leave(backend_index, shell.server_index);
  shell.server_index = base::kNoSlot;
}

base::SocketAddress SenderOf(const Call& call) {
  return call.shell.client_is_told ? call.environment.peers.PeerOf(call.shell.slot)
                                   : call.shell.client;
}

bool IsTrusted(const Shell& shell, const base::SocketAddress& sender) {
  return base::ContainedInAny(ListenerOf(shell).trusted_proxies, sender);
}

}  // namespace ringway::session
