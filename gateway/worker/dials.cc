// SPDX-License-Identifier: Apache-2.0
//
// From an intent to a connect, and to a word where that fails.
#include "gateway/worker/dials.h"

#include <cerrno>

namespace ringway::worker {

using base::kNoSlot;

session::NextServer NextServerAfter(dial::DialOutcome outcome) {
  switch (outcome) {
    case dial::DialOutcome::kRefused:
    case dial::DialOutcome::kUnreachable:
    case dial::DialOutcome::kTimedOut:
      return session::NextServer::kTry;
    case dial::DialOutcome::kNoLocalPort:
    case dial::DialOutcome::kNoSource:
    case dial::DialOutcome::kUnexpected:
      // Of this address, it may be: another one may be of another family.
      return session::NextServer::kTryBlameless;
    case dial::DialOutcome::kConnected:
    case dial::DialOutcome::kNoDescriptor:
    case dial::DialOutcome::kCancelled:
      break;
  }
  return session::NextServer::kSpare;
}

Dials::Dials(Parts& parts)
    : parts_(parts),
      next_source_(parts.options.snapshot->config->backends.size(),
                   {parts.options.index, parts.options.index}) {}

// Each source of the family in turn, so that none runs out of ports before the others.
const base::SocketAddress* Dials::NextSource(uint32_t backend_index, base::AddressFamily family) {
  const auto& sources = parts_.options.snapshot->config->backends[backend_index].sources;
  uint32_t& next = next_source_[backend_index][family == base::AddressFamily::kIpv6 ? 1 : 0];
  for (size_t tries = 0; tries < sources.size(); ++tries) {
    const base::SocketAddress& source = sources[next++ % sources.size()];
    if (source.family == family) return &source;
  }
  return nullptr;
}

dial::Server Dials::ServerOf(const session::Session& dialling) const {
  const uint32_t backend_index = dialling.route()->backend_index;
  const config::Backend& backend = parts_.options.snapshot->config->backends[backend_index];
  return {.address =
              parts_.addresses.At(backend_index, dialling.server_index(), dialling.address_index()),
          .unix_path = backend.servers[dialling.server_index()].unix_path};
}

dial::DialOutcome Dials::Dial(uint32_t session) {
  constexpr uint64_t kDialNs = 8000;  // a socket, its options and a connect
  Slot& slot = parts_[session];
  // Links that were dropped are there until the end of the turn at least.
  slot.dial_waits = slot.held >= links::kLinksPerOwner;
  if (slot.dial_waits) return dial::DialOutcome::kConnected;
  parts_.links->AddWork(kDialNs);
  const dial::Server server = ServerOf(slot.session);
  const uint32_t backend_index = slot.session.route()->backend_index;
  const links::Dialled dialled =
      parts_.links->Dial({.index = session, .role = base::LinkRole::kBackend}, server,
                         NextSource(backend_index, server.address.family));
  if (dialled.link == kNoSlot) {
    TellFailed(session, dialled.outcome, dialled.error);
    return dialled.outcome;
  }
  slot.links[Index(base::LinkRole::kBackend)] = dialled.link;
  ++slot.held;
  return dial::DialOutcome::kConnected;
}

// An address that fails again while the server's others answer is no news: a name that also stands
// for an address where nobody listens would be told of for ever.
void Dials::TellFailed(uint32_t session, dial::DialOutcome outcome, int result) {
  const session::Session& dialling = parts_[session].session;
  // Cut while it dialled: it has left the server already.
  if (dialling.server_index() == kNoSlot) return;
  const uint32_t backend_index = dialling.route()->backend_index;
  const uint32_t server_index = dialling.server_index();
  const uint32_t address_index = dialling.address_index();
  // The dialer has a number of its own for a socket that could not be bound.
  const bool is_bind = outcome == dial::DialOutcome::kNoSource;
  parts_.observer.OnDialFailed(
      {.server = {backend_index, server_index},
       .address = parts_.addresses.At(backend_index, server_index, address_index),
       .outcome = outcome,
       .error = is_bind ? EADDRNOTAVAIL : -result,
       .is_news = !parts_.addresses.IsKnownToFail(backend_index, server_index, address_index)});
}

}  // namespace ringway::worker
