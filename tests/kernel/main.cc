// SPDX-License-Identifier: Apache-2.0
//
// The main of every kernel test: where io_uring cannot be had at all, nothing is proved, and the
// program says why and ends as skipped.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>

#include "uring/probe.h"

int main(int argc, char** argv) {
  constexpr int kSkipped = 77;
  testing::InitGoogleTest(&argc, argv);
  std::signal(SIGPIPE, SIG_IGN);  // as the gateway does: splice(2) knows no MSG_NOSIGNAL
  const ringway::uring::ProbeResult probe = ringway::uring::Probe();
  if (!probe.usable) {
    std::printf("skipped: %s\n", probe.error.c_str());
    return kSkipped;
  }
  return RUN_ALL_TESTS();
}
