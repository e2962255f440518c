// SPDX-License-Identifier: Apache-2.0
//
// Opening a file is the worker's operation: no link knows of it.
#include "gateway/worker/finds.h"

#include <utility>

namespace ringway::worker {

using base::kNoSlot;

std::optional<session::FileLook> Finds::Find(uint32_t session) {
  Slot& slot = parts_[session];
  if (slot.client() == kNoSlot) return std::nullopt;
  const session::WantedFile wanted = slot.session.wanted_file();
  files::Files& files = parts_.memory.files;
  files::Look look = files.Open(wanted.route_index, wanted.path.data(), parts_.now_ns());
  if (look.outcome != files::LookOutcome::kUnknown) return ForSession(std::move(look));
  files.Submit({session, parts_.memory.slots.generation(session)}, wanted.route_index,
               wanted.path.data());
  ++slot.held;
  slot.opens_file = true;
  return std::nullopt;
}

std::optional<session::FileLook> Finds::OnOpened(const io_uring_cqe& cqe, uint32_t session) {
  Slot& slot = parts_[session];
  --slot.held;
  slot.opens_file = false;
  if (slot.client() == kNoSlot) {
    if (cqe.res >= 0) static_cast<void>(parts_.ring.kernel().Close(cqe.res));
    return std::nullopt;
  }
  const session::WantedFile wanted = slot.session.wanted_file();
  return ForSession(
      parts_.memory.files.OnCompletion(cqe, wanted.route_index, wanted.path, parts_.now_ns()));
}

}  // namespace ringway::worker
