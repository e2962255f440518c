// SPDX-License-Identifier: Apache-2.0
//
// RINGWAY_CHECK: what must hold if our own code is right. It stays on in release builds: a gateway
// that has lost count of its buffers must stop at once, with file, line and values, rather than
// send one client's bytes to another.
#pragma once

#include <cstdint>

namespace ringway::base {

/// Prints the failed condition with its place and values to stderr, then aborts.
[[noreturn, gnu::cold]] void CheckFailed(const char* file, int line, const char* condition,
                                         int64_t left, int64_t right) noexcept;

}  // namespace ringway::base

#define RINGWAY_CHECK(condition)                                          \
  do {                                                                    \
    if (!(condition)) [[unlikely]]                                        \
      ::ringway::base::CheckFailed(__FILE__, __LINE__, #condition, 0, 0); \
  } while (false)

/// Like RINGWAY_CHECK, and prints both integers: RINGWAY_CHECK_OP(leases, ==, buffers).
#define RINGWAY_CHECK_OP(left, op, right)                                                    \
  do {                                                                                       \
    if (!((left)op(right))) [[unlikely]]                                                     \
      ::ringway::base::CheckFailed(__FILE__, __LINE__, #left " " #op " " #right,             \
                                   static_cast<int64_t>(left), static_cast<int64_t>(right)); \
  } while (false)
