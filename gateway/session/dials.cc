// SPDX-License-Identifier: Apache-2.0
//
// Which server is dialled, which of its addresses, and what comes after a dial that has failed.
#include <algorithm>
#include <optional>
#include <utility>

#include "gateway/http/refusals.h"
#include "gateway/session/admission.h"
#include "gateway/session/dialling.h"
#include "gateway/session/last_word.h"

namespace ringway::session {

using base::LinkRole;

// False: no server is left for it; `*refusal` says why, unless it is that all were tried.
bool Dialling::DialNext(const Call& call, http::Refusal* refusal) {
  const route::Choice choice = call.snapshot().servers.Enter(
      call.route().backend_index, tried_servers_, call.shell.client, call.now_ns());
  switch (choice.outcome) {
    case route::ChoiceOutcome::kServer:
      call.shell.server_index = choice.server_index;
      tried_servers_ |= route::ServerSet{1} << choice.server_index;
      tried_addresses_ = 0;
      is_server_spared_ = false;
      return DialAddress(call);
    case route::ChoiceOutcome::kAllTried:
      break;
    case route::ChoiceOutcome::kAllFull:
      call.counters().refused_by_servers_full.Add(1);
      *refusal = http::kServersFull;
      break;
    case route::ChoiceOutcome::kNoneHealthy:
      call.counters().refused_by_health.Add(1);
      *refusal = http::kNoServerHealthy;
      break;
  }
  return false;
}

// Dials the next address of the server that was chosen. False: all were tried.
bool Dialling::DialAddress(const Call& call) {
  const uint32_t backend_index = call.route().backend_index;
  const std::optional<uint32_t> address = call.snapshot().addresses.Pick(
      backend_index, call.shell.server_index, tried_addresses_, call.shell.client, call.now_ns());
  if (!address) return false;
  call.shell.address_index = static_cast<uint8_t>(*address);
  tried_addresses_ |= static_cast<route::AddressMask>(1U << *address);
  dialled_ = Stamp(call.now_ns());
  try_is_over_ = false;
  call.intents.Dial(backend_index, call.shell.server_index, *address);
  call.intents.Timer(DueNs(call));
  return true;
}

// What failed has been told. WHY all its addresses: a server is not to be ejected while one of them
// answers others.
void Dialling::BlameServer(const Call& call) const {
  const Snapshot& snapshot = call.snapshot();
  const ServerId server{call.route().backend_index, call.shell.server_index};
  if (is_server_spared_ ||
      !snapshot.addresses.AllFailed(server.backend_index, server.server_index)) {
    return;
  }
  if (snapshot.servers.OnFailed(server.backend_index, server.server_index, call.now_ns())) {
    call.environment.news.OnServerEjected(server);
  }
}

// try_timeout is over, or connect_timeout. What is dialled last has all that is left of the latter:
// to give it up would bring the client nothing. The next dial waits for the end of this one,
// because a session has one backend link.
Next Dialling::OnDue(const Call& call, ClientLook /*client*/) {
  if (const uint64_t due = DueNs(call); call.now_ns() < due) return call.WaitUntil(due);
  const Snapshot& snapshot = call.snapshot();
  const uint32_t backend_index = call.route().backend_index;
  const uint32_t server_index = call.shell.server_index;
  try_is_over_ = true;
  if (call.now_ns() < DueNs(call)) {
    const bool has_other =
        snapshot.addresses.HasOther(backend_index, server_index, tried_addresses_) ||
        snapshot.servers.HasOther(backend_index, tried_servers_, call.now_ns());
    if (has_other) {
      call.counters().dials_failed.Add(1);
      call.counters().dials_given_up.Add(1);
      redials_ = true;
      call.intents.Drop(LinkRole::kBackend);
    }
    return call.WaitUntil(DueNs(call));
  }
  if (!redials_) {
    call.counters().dials_failed.Add(1);
    call.environment.news.OnDialTimedOut({backend_index, server_index});
  }
  snapshot.addresses.OnFailed(backend_index, server_index, call.shell.address_index, call.now_ns());
  BlameServer(call);
  call.intents.Drop(LinkRole::kBackend);
  return OnDialFailed(call, http::kBackendTooSlow.reason, NextServer::kSpare);
}

Next Dialling::OnDialFailed(const Call& call, std::string_view failure, NextServer next) {
  if (next != NextServer::kSpare) {
    call.snapshot().addresses.OnFailed(call.route().backend_index, call.shell.server_index,
                                       call.shell.address_index, call.now_ns());
    if (next == NextServer::kTryBlameless) is_server_spared_ = true;
    if (DialAddress(call)) {
      call.counters().dials_of_next_address.Add(1);
      return Next::kStay;
    }
    BlameServer(call);
  }
  LeaveServer(call.shell);
  http::Refusal refusal = http::BackendFailed(failure);
  if (next != NextServer::kSpare && DialNext(call, &refusal)) {
    call.counters().dials_of_next_server.Add(1);
    return Next::kStay;
  }
  return Refuse(call, refusal,
                {.side = EndSide::kBackend,
                 .reason = EndReason::kDialFailed,
                 .code = static_cast<uint16_t>(refusal.status)});
}

Next Dialling::OnBackendGone(const Call& call) {
  if (!redials_) return Next::kStay;
  redials_ = false;
  return OnDialFailed(call, http::kBackendTooSlow.reason, NextServer::kTry);
}

uint64_t Dialling::DueNs(const Call& call) const {
  const config::Backend& backend = call.backend();
  const uint64_t due = After(call.SinceNs(), backend.connect_timeout_ns);
  return try_is_over_ ? due : std::min(call.SinceNs(dialled_) + backend.try_timeout_ns, due);
}

}  // namespace ringway::session
