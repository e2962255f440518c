// SPDX-License-Identifier: Apache-2.0
//
// Ends of operations, and what is left of them.
#include "tests/sim/in_flight.h"

#include <algorithm>

#include "tests/sim/words.h"

namespace ringway::sim {

void InFlight::Finish(Request& request, int result, Nature nature) {
  request.done = true;
  completions_->Post({.user_data = request.user_data, .res = result, .nature = nature});
  RINGWAY_TRACE(around_.verdict, "kernel: %s = %s", InWords(request.user_data).c_str(),
                ResultInWords(result).c_str());
}

void InFlight::EraseDone() {
  std::erase_if(requests_, [](const Request& request) { return request.done; });
}

void InFlight::PostGhosts() {
  std::erase_if(ghosts_, [&](const Ghost& ghost) {
    if (ghost.due_ns > around_.clock.now_ns) return false;
    completions_->Post({.user_data = ghost.user_data, .res = ghost.res, .nature = Nature::kGhost});
    RINGWAY_TRACE(around_.verdict, "kernel: %s once more = %s", InWords(ghost.user_data).c_str(),
                  ResultInWords(ghost.res).c_str());
    return true;
  });
}

uint64_t InFlight::NextDueNs() const {
  const uint64_t now = around_.clock.now_ns;
  uint64_t next = kNeverNs;
  for (const Request& request : requests_) {
    if (request.not_before_ns > now) next = std::min(next, request.not_before_ns);
    next = std::min(next, request.cancelled_at_ns);
  }
  for (const Ghost& ghost : ghosts_) next = std::min(next, ghost.due_ns);
  return next;
}

size_t InFlight::disk_count() const {
  return static_cast<size_t>(std::ranges::count_if(requests_, [&](const Request& request) {
    return descriptors_->Of(request.fd).kind == DescriptorKind::kFile;
  }));
}

bool InFlight::IsReceiving(const Connection* connection) const {
  return std::ranges::any_of(requests_, [&](const Request& request) {
    return request.opcode == IORING_OP_RECV &&
           descriptors_->Of(request.fd).connection == connection;
  });
}

bool InFlight::IsHeldBack(const Connection* connection) const {
  return std::ranges::any_of(requests_, [&](const Request& request) {
    const bool waits = request.withheld || request.not_before_ns > around_.clock.now_ns ||
                       request.cancelled_at_ns != kNeverNs;
    return waits && descriptors_->Of(request.fd).connection == connection;
  });
}

}  // namespace ringway::sim
