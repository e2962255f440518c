// SPDX-License-Identifier: Apache-2.0
//
// What sessions want, carried out.
#include <utility>

#include "gateway/worker/worker.h"

namespace ringway::worker {
namespace {

using base::kNoSlot;
using base::LinkRole;
using session::Intent;
using session::IntentKind;

constexpr size_t Index(LinkRole role) { return static_cast<size_t>(role); }

}  // namespace

void Worker::CarryOut(uint32_t session) {
  Slot& slot = memory_.slots[session];
  bool exhausted = false;
  std::string_view dial_failure;
  for (Intent& intent : intents_.all()) {
    const uint32_t link = slot.links[Index(intent.to)];
    switch (intent.kind) {
      case IntentKind::kSend:
        exhausted |= CarryOutSend(slot, intent) == flow::PushResult::kExhausted;
        break;
      case IntentKind::kDial:
        dial_failure = CarryOutDial(session, intent);
        break;
      case IntentKind::kFinish:
        if (link != kNoSlot) CarryOutFinish(link);
        break;
      case IntentKind::kDrop:
        if (link != kNoSlot) Drop(link);
        break;
      case IntentKind::kTimer:
        CarryOutTimer(session, intent.due_ns);
        break;
    }
  }
  intents_.Clear();
  // What could not be done is news for the session, whose answer is carried out in the same way.
  // It ends: each answer takes the session nearer to its end, and a closing one only drops links.
  if (exhausted) {
    slot.session.OnPoolExhausted(environment_, intents_);
    return CarryOut(session);
  }
  if (!dial_failure.empty()) {
    slot.session.OnDialed(environment_, dial_failure, intents_);
    return CarryOut(session);
  }
}

flow::PushResult Worker::CarryOutSend(Slot& slot, Intent& intent) {
  const uint32_t index = slot.links[Index(intent.to)];
  Link* link = index == kNoSlot ? nullptr : &memory_.links[index];
  if (link == nullptr || link->dropping || link->finishing || link->send.broken) {
    counters_.bytes_discarded.Add(intent.piece.bytes);
    intent.piece = {};
    return flow::PushResult::kQueued;
  }
  flow::SendQueue& queue = link->send.queue;
  const uint32_t before = queue.bytes();
  const flow::PushResult result =
      queue.Push(memory_.slices, memory_.arena, std::move(intent.piece), intent.source);
  const uint32_t queued = queue.bytes() - before;
  if (result == flow::PushResult::kMoved) counters_.bytes_moved_to_chunks.Add(queued);
  budget_.Spend(queued);
  if (intent.source != flow::Source::kGateway) {
    const uint32_t source = slot.links[static_cast<size_t>(intent.source)];
    if (source != kNoSlot) memory_.links[source].credit.Spend(queued);
  }
  MarkDue(index);
  return result;
}

std::string_view Worker::CarryOutDial(uint32_t session, const Intent& intent) {
  const base::SocketAddress& server =
      options_.snapshot->addresses[intent.backend_index][intent.server_index];
  const int fd = dialer_.OpenSocket(server);
  if (fd < 0) {
    const char* failure = dial::Describe(dialer_.OnSocketError(fd));
    observer_.OnDialFailed(server, failure);
    return failure;
  }
  const uint32_t index = TryOpenLink(fd, session, LinkRole::kBackend);
  if (index == kNoSlot) {
    static_cast<void>(ring_.kernel().Close(fd));
    return "the gateway has no slot left for a backend connection";
  }
  Link& link = memory_.links[index];
  link.connecting = true;
  link.server = server;
  ++link.in_flight;
  dialer_.Connect(IdOf(index), fd, server);
  return {};
}

void Worker::CarryOutFinish(uint32_t index) {
  Link& link = memory_.links[index];
  if (link.connecting) return Drop(index);
  link.finishing = true;
  FinishIfEmpty(index);
}

void Worker::CarryOutTimer(uint32_t session, uint64_t due_ns) {
  const auto& links = memory_.slots[session].links;
  // An intent before this one dropped the last link: the session is over, and its timer with it.
  if (links[0] == kNoSlot && links[1] == kNoSlot) return;
  if (due_ns == UINT64_MAX) return memory_.wheel.Clear(session);
  memory_.wheel.Set(session, (due_ns + base::kNsPerMs - 1) / base::kNsPerMs);
}

}  // namespace ringway::worker
