// SPDX-License-Identifier: Apache-2.0
//
// Handing over and reaping.
#include "uring/ring.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace ringway::uring {
namespace {

/// The kernel takes nothing only while it has no memory for a request; completing others frees
/// some. So many tries in a row without one taken is a kernel that will not recover.
constexpr int kFlushTriesMax = 1 << 20;

}  // namespace

Ring::Ring(Kernel& kernel)
    : kernel_(kernel), memory_(kernel.memory()), tail_(*kernel.memory().sq_tail) {}

int Ring::Turn(uint64_t timeout_ns) {
  StoreRelease(memory_.sq_tail, tail_);
  EnterRequest request{.submit = prepared(), .wait_for = 1, .timeout_ns = timeout_ns};
  if (ready() > 0 || timeout_ns == 0) request.wait_for = 0;
  const int result = kernel_.Enter(request);
  if (result >= 0) return 0;
  switch (-result) {
    case ETIME:
    case EINTR:
    case EAGAIN:  // no memory for a request: completing others frees some
    case EBUSY:   // completions beyond the queue wait for room in it
      return 0;
    default:
      return result;
  }
}

void Ring::Flush() {
  ++flushes_;
  int result = 0;
  for (int tries = 0; tries < kFlushTriesMax; ++tries) {
    StoreRelease(memory_.sq_tail, tail_);
    result = kernel_.Enter({.submit = prepared()});
    if (prepared() == 0) return;
  }
  std::fprintf(stderr, "ringway: the kernel takes no submission: %s\n", std::strerror(-result));
  std::abort();
}

size_t Ring::Reap(std::span<io_uring_cqe> out) {
  const uint32_t head = *memory_.cq_head;
  const auto count =
      static_cast<uint32_t>(std::min<size_t>(LoadAcquire(memory_.cq_tail) - head, out.size()));
  for (uint32_t i = 0; i < count; ++i) {
    const io_uring_cqe& cqe = memory_.cqes[(head + i) & (memory_.cq_entries - 1)];
    out[i].user_data = cqe.user_data;
    out[i].res = cqe.res;
    out[i].flags = cqe.flags;
  }
  StoreRelease(memory_.cq_head, head + count);
  return count;
}

}  // namespace ringway::uring
