// SPDX-License-Identifier: Apache-2.0
//
// What sessions want, carried out.
#include <cerrno>
#include <utility>

#include "gateway/worker/sessions.h"

namespace ringway::worker {
namespace {

using base::kNoSlot;
using base::LinkRole;
using session::Intent;
using session::IntentKind;

/// Behind so much that waits for the client its next request is not looked at. Of answers from
/// memory; some dozens leave in one send then.
constexpr uint32_t kBytesBeforeNextMax = 128 * 1024;

/// Answers to one client between two sends. WHY: each may be several look-ups, and a client that
/// pipelines has its turn as others have.
constexpr uint8_t kAnswersQueuedMax = 8;

}  // namespace

void Sessions::CarryOut(uint32_t session) {
  CarryOutAll(session);
  SetRules(session);
  Note(session);
}

void Sessions::CarryOutAll(uint32_t session) {
  Slot& slot = parts_[session];
  bool exhausted = false;
  bool finds = false;
  auto dial = dial::DialOutcome::kConnected;
  for (Intent& intent : parts_.intents.all()) {
    const uint32_t link = slot.links[Index(intent.to)];
    switch (intent.kind) {
      case IntentKind::kSend:
      case IntentKind::kPongs:
        exhausted |= Send(session, intent) == flow::PushResult::kExhausted;
        break;
      case IntentKind::kDial:
        dial = dials_.Dial(session, intent);
        break;
      case IntentKind::kFinish:
        if (link != kNoSlot) parts_.links->sends().Finish(link);
        break;
      case IntentKind::kDrop:
        if (link != kNoSlot) Drop(session, intent.to);
        break;
      case IntentKind::kTimer:
        SetTimer(session, intent.due_ns);
        break;
      case IntentKind::kFind:
        finds_.Keep(session, intent);
        finds = true;
        break;
      case IntentKind::kFile:
        if (link != kNoSlot) {
          parts_.links->downloads().Begin(link, std::move(intent.piece.lease), intent.offset,
                                          intent.bytes);
        }
        break;
      case IntentKind::kMore:
        slot.awaits_room = true;
        break;
    }
  }
  parts_.intents.Clear();
  // What could not be done is news for the session, whose answer is carried out in the same way.
  // It ends: each answer takes the session nearer to its end, and a closing one only drops links.
  if (exhausted) {
    if (finds) finds_.Forget(session);  // it ends: nobody waits for the file
    slot.session.OnPoolExhausted(parts_.environment, parts_.intents);
    return CarryOutAll(session);
  }
  if (dial != dial::DialOutcome::kConnected) {
    slot.session.OnDialFailed(parts_.environment, dial::Describe(dial), NextServerAfter(dial),
                              parts_.intents);
    return CarryOutAll(session);
  }
  // This recursion ends too: each round uses up one buffered request or multipart part.
  if ((finds && TellFound(session)) || TellRoom(session)) CarryOutAll(session);
}

flow::PushResult Sessions::Send(uint32_t session, Intent& intent) {
  const uint32_t link = parts_[session].links[Index(intent.to)];
  if (link == kNoSlot) {
    parts_.counters.bytes_discarded.Add(intent.piece.bytes);
    intent.piece = {};
    return flow::PushResult::kQueued;
  }
  const auto kind =
      intent.kind == IntentKind::kPongs ? flow::SliceKind::kPongs : flow::SliceKind::kBytes;
  return parts_.links->sends().Push(link, std::move(intent.piece), kind);
}

// Who goes on dialling has given this dial up.
void Sessions::Drop(uint32_t session, LinkRole role) {
  const Slot& slot = parts_[session];
  const uint32_t link = slot.links[Index(role)];
  if (parts_.links->IsConnecting(link) && slot.session.state() == session::State::kDialing) {
    dials_.TellFailed(session, dial::DialOutcome::kTimedOut, -ETIMEDOUT);
  }
  parts_.links->Drop(link);
}

void Sessions::SetTimer(uint32_t session, uint64_t due_ns) {
  if (due_ns == UINT64_MAX) return parts_.memory.wheel.Clear(session);
  parts_.memory.wheel.Set(session, (due_ns + base::kNsPerMs - 1) / base::kNsPerMs);
}

// False: the answer will come through the ring.
bool Sessions::TellFound(uint32_t session) {
  auto found = finds_.Find(session);
  if (!found) return false;
  parts_[session].session.OnFound(parts_.environment, *std::move(found), parts_.intents);
  return true;
}

// False: it was not asked for, or there is none: then it is told when there is.
bool Sessions::TellRoom(uint32_t session) {
  Slot& slot = parts_[session];
  const uint32_t client = slot.client();
  if (!slot.awaits_room || client == kNoSlot) return false;
  const bool is_empty = parts_.links->QueuedBytes(client) == 0;
  if (is_empty) slot.answers_queued = 0;
  const bool is_share_used = slot.answers_queued == kAnswersQueuedMax;
  const uint32_t below = is_share_used ? 1 : kBytesBeforeNextMax;
  if (is_share_used || !parts_.links->sends().IsBelow(client, below)) {
    parts_.links->sends().TellWhenBelow(client, below);
    return false;
  }
  ++slot.answers_queued;
  slot.awaits_room = false;
  slot.session.OnRoom(parts_.environment, parts_.intents);
  return true;
}

}  // namespace ringway::worker
