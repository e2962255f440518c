// SPDX-License-Identifier: Apache-2.0
//
// What sessions want, carried out.
#include <algorithm>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/worker/sessions.h"

namespace ringway::worker {
namespace {

using base::kNoSlot;
using base::LinkRole;
using session::Intent;
using session::IntentKind;

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
  // What is called here may tell of dropped links (OnDropped) and of nothing else: whoever told a
  // session something would find these intents in its place.
  RINGWAY_CHECK(!std::exchange(carries_out_, true));
  for (Intent& intent : parts_.intents.all()) {
    const uint32_t link = slot.links[Index(intent.to)];
    switch (intent.kind) {
      case IntentKind::kSend:
      case IntentKind::kPongs:
        exhausted |= Send(session, intent) == flow::PushResult::kExhausted;
        break;
      case IntentKind::kDial:
        dial = dials_.Dial(session);
        break;
      case IntentKind::kFinish:
        if (link != kNoSlot) parts_.links->sends().Finish(link);
        break;
      case IntentKind::kDrop:
        if (link != kNoSlot) parts_.links->Drop(link);
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
      case IntentKind::kBelow:
        slot.below = static_cast<uint32_t>(std::min<uint64_t>(intent.bytes, links::kBelowShare));
        break;
    }
  }
  parts_.intents.Clear();
  carries_out_ = false;
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
  if ((finds && TellFound(session)) || TellBelow(session)) CarryOutAll(session);
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

// False: it was not asked for, or more waits: then it is told when less does.
bool Sessions::TellBelow(uint32_t session) {
  Slot& slot = parts_[session];
  const uint32_t client = slot.client();
  if (slot.below == 0 || client == kNoSlot) return false;
  if (parts_.links->QueuedBytes(client) == 0) slot.answers_queued = 0;
  // A backend's answers come one by one as it is.
  const bool is_share_used =
      slot.below != links::kBelowShare && slot.answers_queued == kAnswersQueuedMax;
  if (is_share_used || !parts_.links->sends().IsBelow(client, slot.below)) {
    parts_.links->sends().TellWhenBelow(client, is_share_used ? 1 : slot.below);
    return false;
  }
  if (slot.answers_queued < kAnswersQueuedMax) ++slot.answers_queued;
  slot.below = 0;
  slot.session.OnBelow(parts_.environment, parts_.intents);
  return true;
}

}  // namespace ringway::worker
