// SPDX-License-Identifier: Apache-2.0
//
// Files that sessions look for: found at once where their names are in memory, else opened through
// the ring.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <optional>

#include "gateway/session/file_index.h"
#include "gateway/session/intent.h"
#include "gateway/worker/parts.h"

namespace ringway::worker {

/// All opens of files of one worker. A session has one at most; its answer names the question, so
/// that a phase which has not asked it never hears of it.
class Finds {
 public:
  /// `parts` must outlive it.
  explicit Finds(Parts& parts) : parts_(parts) {}

  /// Takes what a kFind intent asks. REQUIRES: the session asks nothing else.
  void Keep(uint32_t session, session::Intent& intent);
  /// Nobody waits for what was kept. No effect where nothing was, or the kernel has it.
  void Forget(uint32_t session);
  /// Looks for what was kept. No answer: nobody waits for it, or it will come through the ring, and
  /// the session holds its slot until then.
  [[nodiscard]] std::optional<session::FoundFile> Find(uint32_t session);
  /// Takes the completion of an open. No answer: nobody waits for it any more.
  [[nodiscard]] std::optional<session::FoundFile> OnOpened(const io_uring_cqe& cqe,
                                                           uint32_t session);

 private:
  session::FoundFile Answer(Slot& slot, files::Look look);

  Parts& parts_;
};

}  // namespace ringway::worker
