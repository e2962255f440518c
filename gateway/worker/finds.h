// SPDX-License-Identifier: Apache-2.0
//
// Files that sessions look for: found at once where their names are in memory, else opened through
// the ring.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <optional>

#include "gateway/base/fifo.h"
#include "gateway/worker/parts.h"

namespace ringway::worker {

/// All opens of files of one worker.
class Finds {
 public:
  /// `parts` must outlive it.
  explicit Finds(Parts& parts) : parts_(parts) {}

  /// Carries out a kFind intent. No answer: it will come through the ring, and until then the
  /// session holds its slot.
  [[nodiscard]] std::optional<session::FileLook> Find(uint32_t session);
  /// Takes the completion of an open. No answer: the session is not interested any more.
  [[nodiscard]] std::optional<session::FileLook> OnOpened(const io_uring_cqe& cqe,
                                                          uint32_t session);

 private:
  Parts& parts_;
};

}  // namespace ringway::worker
