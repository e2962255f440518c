// SPDX-License-Identifier: Apache-2.0
//
// The end of a program that found its own bug.
#include "gateway/base/check.h"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>

namespace ringway::base {

void CheckFailed(const char* file, int line, const char* condition, int64_t left,
                 int64_t right) noexcept {
  std::fprintf(stderr, "%s:%d: check failed: %s (left %" PRId64 ", right %" PRId64 ")\n", file,
               line, condition, left, right);
  std::abort();
}

}  // namespace ringway::base
