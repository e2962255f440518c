// SPDX-License-Identifier: Apache-2.0
//
// A file that is looked for on behalf of a session.
#pragma once

#include "gateway/base/arena.h"
#include "gateway/session/file_index.h"

namespace ringway::worker {

/// The operation's own, from the Find intent to its answer: the kernel may read the path as long,
/// whatever becomes of the phase that has asked.
struct Opening {
  base::Piece path;  ///< a zero byte stands behind it
  session::FileQuestion question;
};

}  // namespace ringway::worker
