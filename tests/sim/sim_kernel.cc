// SPDX-License-Identifier: Apache-2.0
//
// Entering and waiting.
#include "tests/sim/sim_kernel.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace ringway::sim {
namespace {

/// What entering costs at most.
constexpr uint64_t kEnterNsMax = 20'000;
/// How much later than its deadline a wait may end.
constexpr uint64_t kLateNsMax = 5'000'000;

}  // namespace

SimKernel::SimKernel(const Surroundings& around, const SimKernelOptions& options)
    : around_(around), tables_(around, options), sq_(options.sq_entries) {
  sq_.LendTo(memory_);
  tables_.completions.LendTo(memory_);
}

int SimKernel::Enter(const uring::EnterRequest& request) {
  tables_.completions.NoteReaped();
  tables_.completions.Refill();
  tables_.groups.Observe();
  if (request.submit > 0 && RINGWAY_STRIKES(around_.random, around_.faults, no_memory)) {
    return -EAGAIN;
  }
  uint32_t count = std::min(request.submit, sq_.prepared());
  uring::EnterRequest rest = request;
  if (count > 1 && RINGWAY_STRIKES(around_.random, around_.faults, partial_submit)) {
    count = 1 + static_cast<uint32_t>(around_.random.Below(count - 1));
    rest.wait_for = 0;  // who could not take all returns at once
  }
  for (uint32_t i = 0; i < count; ++i) submissions_.Submit(sq_.Take());
  tables_.watch.OnOffered(tables_.groups.offered());
  if (tables_.watch.is_on()) {
    around_.clock.now_ns += around_.random.Between(1, kEnterNsMax);
  }
  around_.events.RunDue();
  Progress();
  const int waited = Wait(rest);
  sq_.SetFlags(tables_.completions.overflown() ? IORING_SQ_CQ_OVERFLOW : 0);
  return count > 0 ? static_cast<int>(count) : waited;
}

int SimKernel::Wait(const uring::EnterRequest& request) {
  if (request.wait_for == 0) return 0;
  SimClock& clock = around_.clock;
  const uint64_t timeout_ns = request.timeout_ns == uring::kNoTimeout
                                  ? tables_.options.patience_ns
                                  : std::min(request.timeout_ns, tables_.options.patience_ns);
  const uint64_t deadline = timeout_ns == kNeverNs ? kNeverNs : clock.now_ns + timeout_ns;
  while (tables_.completions.ready() < request.wait_for && !around_.verdict.failed()) {
    if (RINGWAY_STRIKES(around_.random, around_.faults, interrupted)) return -EINTR;
    const uint64_t next = std::min(around_.events.NextDueNs(), tables_.in_flight.NextDueNs());
    if (next == kNeverNs && deadline == kNeverNs) {
      around_.verdict.Fail("the worker sleeps forever: nothing is due and it set no timeout");
      return -EINTR;
    }
    if (next >= deadline) {
      const bool exact = RINGWAY_STRIKES(around_.random, around_.faults, exact_deadline);
      clock.now_ns = std::max(clock.now_ns, deadline);
      if (!exact && RINGWAY_STRIKES(around_.random, around_.faults, late_clock)) {
        clock.now_ns += around_.random.Below(kLateNsMax);
      }
      return -ETIME;
    }
    clock.now_ns = std::max(clock.now_ns, next);
    around_.events.RunDue();
    Progress();
  }
  return 0;
}

void SimKernel::Progress() {
  tables_.in_flight.PostGhosts();
  order_.resize(tables_.in_flight.all().size());
  for (size_t i = 0; i < order_.size(); ++i) order_[i] = i;
  if (order_.size() > 1 && RINGWAY_STRIKES(around_.random, around_.faults, reorder)) {
    for (size_t i = order_.size() - 1; i > 0; --i) {
      std::swap(order_[i], order_[around_.random.Below(i + 1)]);
    }
  }
  for (const size_t i : order_) operations_.Try(tables_.in_flight.all()[i]);
  tables_.in_flight.EraseDone();
}

}  // namespace ringway::sim
