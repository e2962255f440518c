// SPDX-License-Identifier: Apache-2.0
//
// What sessions want, carried out.
#include <cerrno>
#include <utility>

#include "gateway/worker/worker.h"

namespace ringway::worker {
namespace {

using base::kNoSlot;
using base::LinkRole;
using session::Intent;
using session::IntentKind;

constexpr size_t Index(LinkRole role) { return static_cast<size_t>(role); }

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

}  // namespace

void Worker::CarryOut(uint32_t session) {
  CarryOutAll(session);
  NoteStanding(session);
}

void Worker::CarryOutAll(uint32_t session) {
  Slot& slot = memory_.slots[session];
  bool exhausted = false;
  bool finds = false;
  auto dial = dial::DialOutcome::kConnected;
  for (Intent& intent : intents_.all()) {
    const uint32_t link = slot.links[Index(intent.to)];
    switch (intent.kind) {
      case IntentKind::kSend:
      case IntentKind::kPongs:
        exhausted |= CarryOutSend(session, intent) == flow::PushResult::kExhausted;
        break;
      case IntentKind::kDial:
        dial = CarryOutDial(session, intent);
        break;
      case IntentKind::kFinish:
        if (link != kNoSlot) CarryOutFinish(link);
        break;
      case IntentKind::kDrop:
        if (link != kNoSlot) CarryOutDrop(link);
        break;
      case IntentKind::kTimer:
        CarryOutTimer(session, intent.due_ns);
        break;
      case IntentKind::kFind:
        KeepFind(session, intent);
        finds = true;
        break;
      case IntentKind::kFile:
        CarryOutFile(session, intent);
        break;
      case IntentKind::kMore:
        slot.awaits_room = true;
        break;
    }
  }
  intents_.Clear();
  // What could not be done is news for the session, whose answer is carried out in the same way.
  // It ends: each answer takes the session nearer to its end, and a closing one only drops links.
  if (exhausted) {
    if (finds) CloseOpening(slot);  // it ends: nobody waits for the file
    slot.session.OnPoolExhausted(environment_, intents_);
    return CarryOutAll(session);
  }
  if (dial != dial::DialOutcome::kConnected) {
    OnDialFailed(session, dial);
    return CarryOutAll(session);
  }
  // This recursion ends too: each round uses up one buffered request or multipart part.
  if ((finds && CarryOutFind(session)) || TellRoom(session)) CarryOutAll(session);
}

flow::PushResult Worker::CarryOutSend(uint32_t session, Intent& intent) {
  const uint32_t index = memory_.slots[session].links[Index(intent.to)];
  Link* link = index == kNoSlot ? nullptr : &memory_.links[index];
  const uint32_t bytes = intent.piece.bytes;
  if (link == nullptr || link->dropping || link->finishing || link->send.broken) {
    counters_.bytes_discarded.Add(bytes);
    intent.piece = {};
    return flow::PushResult::kQueued;
  }
  const auto kind =
      intent.kind == IntentKind::kPongs ? flow::SliceKind::kPongs : flow::SliceKind::kBytes;
  const flow::PushResult result =
      link->send.queue.Push(stores_, session, std::move(intent.piece), kind);
  switch (result) {
    case flow::PushResult::kMoved:
      counters_.bytes_moved_to_chunks.Add(bytes);
      break;
    case flow::PushResult::kReplaced:
      counters_.pongs_replaced.Add(1);
      break;
    case flow::PushResult::kDropped:
      counters_.pongs_dropped.Add(1);
      break;
    case flow::PushResult::kQueued:
    case flow::PushResult::kExhausted:
      break;
  }
  MarkDue(index);
  return result;
}

// Each source of the family in turn, so that none runs out of ports before the others.
const base::SocketAddress* Worker::NextSource(uint32_t backend_index, base::AddressFamily family) {
  const auto& sources = options_.snapshot->config->backends[backend_index].sources;
  uint32_t& next = next_source_[backend_index][family == base::AddressFamily::kIpv6 ? 1 : 0];
  for (size_t tries = 0; tries < sources.size(); ++tries) {
    const base::SocketAddress& source = sources[next++ % sources.size()];
    if (source.family == family) return &source;
  }
  return nullptr;
}

dial::Server Worker::ServerOf(uint32_t backend_index, uint32_t server_index,
                              uint32_t address_index) const {
  const config::Backend& backend = options_.snapshot->config->backends[backend_index];
  return {.address = addresses_.At(backend_index, server_index, address_index),
          .unix_path = backend.servers[server_index].unix_path};
}

// kConnected: the connect is under way.
dial::DialOutcome Worker::CarryOutDial(uint32_t session, const Intent& intent) {
  constexpr uint64_t kDialNs = 8000;  // a socket, its options and a connect
  work_ns_ += kDialNs;
  const dial::Server server =
      ServerOf(intent.backend_index, intent.server_index, intent.address_index);
  const int fd =
      dialer_.OpenSocket(server, NextSource(intent.backend_index, server.address.family));
  if (fd < 0) {
    const dial::DialOutcome outcome = dialer_.OnSocketError(fd);
    TellDialFailed(session, outcome, fd);
    return outcome;
  }
  const uint32_t index = TryOpenLink(fd, session, LinkRole::kBackend);
  RINGWAY_CHECK(index != kNoSlot);  // there are two links for each session
  Link& link = memory_.links[index];
  link.connecting = true;
  ++link.in_flight;
  dialer_.Connect(IdOf(index), fd, server);
  return dial::DialOutcome::kConnected;
}

// An address that fails again while the server's others answer is no news: a name that also stands
// for an address where nobody listens would be told of for ever. `result`: what the kernel said, a
// negative errno. REQUIRES: the session has not been told yet.
void Worker::TellDialFailed(uint32_t session, dial::DialOutcome outcome, int result) {
  const session::Session& dialling = memory_.slots[session].session;
  // Cut while it dialled: it has left the server already.
  if (dialling.server_index() == kNoSlot) return;
  const uint32_t backend_index = dialling.route()->backend_index;
  const uint32_t server_index = dialling.server_index();
  const uint32_t address_index = dialling.address_index();
  // The dialer has a number of its own for a socket that could not be bound.
  const bool is_bind = outcome == dial::DialOutcome::kNoSource;
  observer_.OnDialFailed(
      {.server = {backend_index, server_index},
       .address = addresses_.At(backend_index, server_index, address_index),
       .outcome = outcome,
       .error = is_bind ? EADDRNOTAVAIL : -result,
       .is_news = !addresses_.IsKnownToFail(backend_index, server_index, address_index)});
}

void Worker::OnDialFailed(uint32_t session, dial::DialOutcome outcome) {
  memory_.slots[session].session.OnDialFailed(environment_, dial::Describe(outcome),
                                              NextServerAfter(outcome), intents_);
}

void Worker::CarryOutFinish(uint32_t index) {
  Link& link = memory_.links[index];
  if (link.connecting) return Drop(index);
  link.finishing = true;
  FinishIfEmpty(index);
}

// Who goes on dialling has given this dial up.
void Worker::CarryOutDrop(uint32_t index) {
  const Link& link = memory_.links[index];
  const session::Session& session = memory_.slots[link.session].session;
  if (link.connecting && session.state() == session::State::kDialing) {
    TellDialFailed(link.session, dial::DialOutcome::kTimedOut, -ETIMEDOUT);
  }
  Drop(index);
}

void Worker::CarryOutTimer(uint32_t session, uint64_t due_ns) {
  const auto& links = memory_.slots[session].links;
  // An intent before this one dropped the last link: the session is over, and its timer with it.
  if (links[0] == kNoSlot && links[1] == kNoSlot) return;
  if (due_ns == UINT64_MAX) return memory_.wheel.Clear(session);
  memory_.wheel.Set(session, (due_ns + base::kNsPerMs - 1) / base::kNsPerMs);
}

}  // namespace ringway::worker
