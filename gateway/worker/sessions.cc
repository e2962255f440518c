// SPDX-License-Identifier: Apache-2.0
//
// From a client's socket to the last word about its session.
#include "gateway/worker/sessions.h"

#include "gateway/base/check.h"

namespace ringway::worker {

using base::kNoSlot;
using base::LinkRole;

Sessions::Sessions(Parts& parts) : parts_(parts), dials_(parts), finds_(parts), standings_(parts) {}

uint32_t Sessions::TryOpen(int fd, uint32_t listener_index, const base::SocketAddress& client) {
  const uint32_t session = parts_.memory.slots.TryOpen(listener_index, client, parts_.now_ns());
  if (session == kNoSlot) return kNoSlot;
  const uint32_t link = parts_.links->TryOpen(fd, {.index = session, .role = LinkRole::kClient});
  RINGWAY_CHECK(link != kNoSlot);  // no session has more than its share of them
  Slot& slot = parts_[session];
  slot.links[Index(LinkRole::kClient)] = link;
  slot.held = 1;
  slot.session.Begin(parts_.environment, session, parts_.intents);
  CarryOut(session);
  MakeRoom(session);
  return session;
}

void Sessions::OnDue(uint32_t session) {
  RINGWAY_CHECK(parts_.memory.slots.IsOpen(session));
  Slot& slot = parts_[session];
  session::ClientLook look;
  if (const uint32_t client = slot.client(); client != kNoSlot) {
    look = {.queued_bytes = parts_.links->QueuedBytes(client),
            .is_read = parts_.links->IsRead(client)};
  }
  slot.session.OnDue(parts_.environment, look, parts_.intents);
  CarryOut(session);
}

void Sessions::Drain(uint32_t session) {
  parts_[session].session.OnDrain(parts_.environment, parts_.intents);
  CarryOut(session);
}

void Sessions::Cut(uint32_t session) {
  parts_[session].session.OnCut(parts_.intents);
  CarryOut(session);
}

void Sessions::OnFileOpened(const io_uring_cqe& cqe, base::LinkId session) {
  // Its slot is held until its last operation has ended.
  RINGWAY_CHECK(parts_.memory.slots.Find(session.slot, session.generation) != nullptr);
  auto found = finds_.OnOpened(cqe, session.slot);
  Slot& slot = parts_[session.slot];
  if (slot.held == 0) return parts_.memory.ended.Push(session.slot);
  if (!found) return;
  slot.session.OnFound(parts_.environment, *std::move(found), parts_.intents);
  CarryOut(session.slot);
}

bool Sessions::EndOver() {
  if (parts_.memory.ended.empty()) return false;
  while (!parts_.memory.ended.empty()) {
    const uint32_t session = parts_.memory.ended.Pop();
    Slot& slot = parts_[session];
    const session::Session& ended = slot.session;
    parts_.memory.wheel.Clear(session);
    if (ended.upgraded()) parts_.counters.sessions_ended.Add(1);
    parts_.observer.OnSessionEnd({
        .client = ended.client(),
        .route = ended.route() == nullptr ? std::string_view() : ended.route()->name,
        .ending = ended.ending(),
        .upgraded = ended.upgraded(),
        .cut = ended.cut(),
        .backend_left = slot.backend_left,
        .duration_ns = parts_.now_ns() - ended.began_ns(),
        .client_bytes_in = slot.bytes_in[Index(LinkRole::kClient)],
        .client_bytes_out = slot.bytes_out[Index(LinkRole::kClient)],
        .backend_bytes_in = slot.bytes_in[Index(LinkRole::kBackend)],
        .backend_bytes_out = slot.bytes_out[Index(LinkRole::kBackend)],
        .client_bytes_spliced = slot.bytes_spliced[Index(LinkRole::kClient)],
        .backend_bytes_spliced = slot.bytes_spliced[Index(LinkRole::kBackend)],
        .messages_in = ended.messages_in(),
        .frames_out = ended.frames_out(),
    });
    slot.session.Leave(parts_.environment);
    standings_.Forget(session);
    parts_.memory.slots.Close(session);
  }
  return true;
}

void Sessions::Abandon() {
  base::Slab<Slot>& slots = parts_.memory.slots;
  for (uint32_t session = 0; session < slots.touched(); ++session) {
    if (!slots.IsOpen(session)) continue;
    slots[session].session.Leave(parts_.environment);
    if (const uint32_t opening = slots[session].opening; opening != kNoSlot) {
      parts_.memory.openings.Close(opening);
    }
    slots.Close(session);
  }
}

// How a session reads, after each of its events.
void Sessions::SetRules(uint32_t session) {
  const Slot& slot = parts_[session];
  for (const LinkRole role : {LinkRole::kClient, LinkRole::kBackend}) {
    const uint32_t link = slot.links[Index(role)];
    if (link != kNoSlot) parts_.links->receives().SetRules(link, RulesOf(slot, role));
  }
}

links::ReadingRules Sessions::RulesOf(const Slot& slot, LinkRole role) const {
  const session::Session& session = slot.session;
  links::ReadingRules rules{.how = session.ReadingOf(role),
                            .unread_end = links::UnreadEnd::kNoted,
                            .target = slot.links[Index(base::Opposite(role))]};
  if (role == LinkRole::kClient) {
    // A request is answered into its own client's queue.
    if (session.state() == session::State::kHandshake) rules.target = slot.client();
    rules.unread_end =
        session.EndsWithFin() ? links::UnreadEnd::kResetOrFin : links::UnreadEnd::kReset;
  }
  if (session.CanSplice(role)) {
    const bool is_framed = session.route()->mode == config::Mode::kTcp;
    rules.pass_unread = is_framed ? links::PassUnread::kFramed : links::PassUnread::kPlain;
  }
  return rules;
}

void Sessions::Note(uint32_t session) {
  if (standings_.Note(session)) ShortenHeads();
}

void Sessions::MakeRoom(uint32_t newest) {
  if (const uint32_t session = standings_.NextToGo(newest); session != kNoSlot) Evict(session);
}

void Sessions::ShortenHeads() {
  for (uint32_t session = standings_.NextLargeHead(); session != kNoSlot;
       session = standings_.NextLargeHead()) {
    Evict(session);
  }
}

void Sessions::Evict(uint32_t session) {
  parts_[session].session.OnEvicted(parts_.environment, parts_.intents);
  CarryOut(session);
}

}  // namespace ringway::worker
