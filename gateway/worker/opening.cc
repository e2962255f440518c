// SPDX-License-Identifier: Apache-2.0
//
// static mode: a file is opened, directly where its name is in memory, else through the ring. A
// session has one such operation at most; its answer names the question, so that a phase which has
// not asked it never hears of it.
#include "gateway/worker/opening.h"

#include <utility>

#include "gateway/worker/worker.h"

namespace ringway::worker {
namespace {

using base::kNoSlot;
using base::LinkId;
using base::LinkRole;

const char* TextOf(const base::Piece& path) { return reinterpret_cast<const char*>(path.data); }

}  // namespace

void Worker::KeepFind(uint32_t session, session::Intent& intent) {
  Slot& slot = memory_.slots[session];
  RINGWAY_CHECK_OP(slot.opening, ==, kNoSlot);
  slot.opening = memory_.openings.TryOpen();
  RINGWAY_CHECK(slot.opening != kNoSlot);  // there is one for each session
  Opening& opening = memory_.openings[slot.opening];
  opening.path = std::move(intent.piece);
  opening.question = intent.file;
}

// What KeepFind has kept. False: nobody waits for it, or the answer will come through the ring.
bool Worker::CarryOutFind(uint32_t session) {
  Slot& slot = memory_.slots[session];
  const uint32_t client = slot.links[static_cast<size_t>(LinkRole::kClient)];
  if (client == kNoSlot || memory_.links[client].dropping) {
    CloseOpening(slot);
    return false;
  }
  const Opening& opening = memory_.openings[slot.opening];
  const uint32_t route_index = opening.question.route_index;
  const char* const path = TextOf(opening.path);
  files::Look look = memory_.files.Open(route_index, path, environment_.now_ns);
  if (look.outcome == files::LookOutcome::kUnknown) {
    memory_.files.Submit(IdOf(client), route_index, path);
    ++memory_.links[client].in_flight;
    memory_.links[client].opens_file = true;
    return false;
  }
  TellFound(slot, std::move(look));
  return true;
}

void Worker::OnFileOpened(const io_uring_cqe& cqe, LinkId id) {
  Link* link = memory_.links.Find(id.slot, id.generation);
  RINGWAY_CHECK(link != nullptr);  // it lives until its last operation has ended
  --link->in_flight;
  link->opens_file = false;
  const uint32_t session = link->session;
  Slot& slot = memory_.slots[session];
  if (link->dropping) {
    CloseOpening(slot);
    if (cqe.res >= 0) static_cast<void>(ring_.kernel().Close(cqe.res));
    return FreeIfIdle(id.slot);
  }
  const Opening& opening = memory_.openings[slot.opening];
  TellFound(slot, memory_.files.OnCompletion(cqe, opening.question.route_index,
                                             {TextOf(opening.path), opening.path.bytes},
                                             environment_.now_ns));
  CarryOut(session);
  ArmReceives(session);
}

void Worker::TellFound(Slot& slot, files::Look look) {
  Opening& opening = memory_.openings[slot.opening];
  session::FoundFile found{.generation = opening.question.generation,
                           .look = ForSession(std::move(look)),
                           .path = std::move(opening.path)};
  CloseOpening(slot);
  slot.session.OnFound(environment_, std::move(found), intents_);
}

void Worker::CloseOpening(Slot& slot) {
  if (slot.opening == kNoSlot) return;
  memory_.openings.Close(std::exchange(slot.opening, kNoSlot));
}

}  // namespace ringway::worker
