// SPDX-License-Identifier: Apache-2.0
//
// How a file is opened beneath a directory, by the direct call and by IORING_OP_OPENAT2 alike.
#pragma once

#include <fcntl.h>
#include <linux/openat2.h>

namespace ringway::uring {

/// For reading. Neither "..", an absolute path nor a link leads out of the directory, nor do the
/// kernel's own links to open files. WHY O_NONBLOCK: a FIFO opens at once; of a regular file it
/// says nothing. WHY O_NOCTTY: a terminal that somebody has put there must not become ours.
inline constexpr open_how kOpenBeneath = {.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                                          .mode = 0,
                                          .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};

}  // namespace ringway::uring
