// SPDX-License-Identifier: Apache-2.0
//
// The command line that both bare forwarders share.
#pragma once

#include <cstdint>

#include "bench/load/sockets.h"

namespace ringway::limit {

struct Options {
  load::Address listen;
  load::Address target;
  /// Core to run on; negative: wherever the kernel likes.
  int cpu = -1;
  /// Size of one receive buffer of limit_uring, and how many (a power of two).
  uint32_t buffer_bytes = 4096;
  uint32_t buffers = 0;
  /// limit_epoll moves bytes through pipes.
  bool splice = false;
};

enum class ParseResult { kRun, kExitOk, kExitUsage };

/// Fills `options`, or has printed the help or what is wrong.
ParseResult ParseOptions(int argc, char** argv, Options& options);

}  // namespace ringway::limit
