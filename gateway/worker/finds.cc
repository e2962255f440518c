// SPDX-License-Identifier: Apache-2.0
//
// Opening a file is the worker's operation: no link knows of it, and no phase owns its path.
#include "gateway/worker/finds.h"

#include <utility>

#include "gateway/base/check.h"

namespace ringway::worker {
namespace {

using base::kNoSlot;

const char* TextOf(const base::Piece& path) { return reinterpret_cast<const char*>(path.data); }

}  // namespace

void Finds::Keep(uint32_t session, session::Intent& intent) {
  Slot& slot = parts_[session];
  RINGWAY_CHECK_OP(slot.opening, ==, kNoSlot);
  slot.opening = parts_.memory.openings.TryOpen();
  RINGWAY_CHECK(slot.opening != kNoSlot);  // there is one for each session
  Opening& opening = parts_.memory.openings[slot.opening];
  opening.path = std::move(intent.piece);
  opening.question = intent.file;
}

void Finds::Forget(uint32_t session) {
  Slot& slot = parts_[session];
  if (slot.opening == kNoSlot || parts_.memory.openings[slot.opening].is_submitted) return;
  parts_.memory.openings.Close(std::exchange(slot.opening, kNoSlot));
}

std::optional<session::FoundFile> Finds::Find(uint32_t session) {
  Slot& slot = parts_[session];
  if (slot.client() == kNoSlot) {
    Forget(session);
    return std::nullopt;
  }
  Opening& opening = parts_.memory.openings[slot.opening];
  const uint32_t route_index = opening.question.route_index;
  files::Files& files = parts_.memory.files;
  files::Look look = files.Open(route_index, TextOf(opening.path), parts_.now_ns());
  if (look.outcome != files::LookOutcome::kUnknown) return Answer(slot, std::move(look));
  files.Submit({session, parts_.memory.slots.generation(session)}, route_index,
               TextOf(opening.path));
  opening.is_submitted = true;
  ++slot.held;
  return std::nullopt;
}

std::optional<session::FoundFile> Finds::OnOpened(const io_uring_cqe& cqe, uint32_t session) {
  Slot& slot = parts_[session];
  Opening& opening = parts_.memory.openings[slot.opening];
  opening.is_submitted = false;
  --slot.held;
  if (slot.client() == kNoSlot) {
    if (cqe.res >= 0) static_cast<void>(parts_.ring.kernel().Close(cqe.res));
    Forget(session);
    return std::nullopt;
  }
  const std::string_view path{TextOf(opening.path), opening.path.bytes};
  return Answer(slot, parts_.memory.files.OnCompletion(cqe, opening.question.route_index, path,
                                                       parts_.now_ns()));
}

session::FoundFile Finds::Answer(Slot& slot, files::Look look) {
  Opening& opening = parts_.memory.openings[slot.opening];
  session::FoundFile found{.generation = opening.question.generation,
                           .look = ForSession(std::move(look)),
                           .path = std::move(opening.path)};
  parts_.memory.openings.Close(std::exchange(slot.opening, kNoSlot));
  return found;
}

}  // namespace ringway::worker
