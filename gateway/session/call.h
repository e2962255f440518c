// SPDX-License-Identifier: Apache-2.0
//
// What each function of a phase is given: what the worker lends, what the session keeps whatever it
// is doing, and where it says what it wants.
#pragma once

#include <cstdint>
#include <utility>

#include "gateway/session/environment.h"
#include "gateway/session/intent.h"
#include "gateway/session/shell.h"

namespace ringway::session {

/// A limit of 0 in the configuration means never.
inline constexpr uint64_t kNever = UINT64_MAX;
inline uint64_t After(uint64_t since_ns, uint64_t limit_ns) {
  return limit_ns == 0 ? kNever : since_ns + limit_ns;
}

struct Call {
  Environment& environment;
  Shell& shell;
  Intents& intents;

  uint64_t now_ns() const { return environment.now_ns; }
  base::Counters& counters() const { return environment.counters; }
  flow::Stores& stores() const { return environment.stores; }
  const Snapshot& snapshot() const { return *shell.snapshot; }
  const base::Limits& limits() const { return shell.snapshot->limits(); }
  /// REQUIRES: a route was found.
  const config::Route& route() const { return shell.snapshot->routes[shell.route_index]; }
  const config::Backend& backend() const { return shell.snapshot->BackendOf(route()); }
  /// The stamp in 64 bits.
  uint64_t SinceNs(Stamp stamp) const { return stamp.ToNs(now_ns()); }
  uint64_t SinceNs() const { return SinceNs(shell.stamps.since); }
  uint64_t LastByteNs() const { return shell.stamps.LastByteNs(now_ns()); }

  /// `next` comes, and is given this.
  Next Go(Next next, Handover&& handover) const {
    environment.handover = std::move(handover);
    return next;
  }
  /// Nobody uses these bytes.
  Next Discard(uint32_t bytes) const {
    counters().bytes_discarded.Add(bytes);
    return Next::kStay;
  }
  /// A timer that came early: an event has moved the time away meanwhile.
  Next WaitUntil(uint64_t due_ns) const {
    intents.Timer(due_ns);
    return Next::kStay;
  }
};

}  // namespace ringway::session
