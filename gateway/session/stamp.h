// SPDX-License-Identifier: Apache-2.0
//
// Times of the monotonic clock in 32 bits, and those that every session keeps: when what it is
// doing began, and when bytes last moved.
#pragma once

#include <algorithm>
#include <cstdint>

#include "gateway/base/clock.h"
#include "gateway/base/ids.h"

namespace ringway::session {

/// A time that has come: a number of milliseconds modulo 2^32, which is 49 days. WHY rounded up:
/// what is due so long after it never comes early.
class Stamp {
 public:
  Stamp() = default;
  explicit Stamp(uint64_t now_ns) : ms_(static_cast<uint32_t>(CeilMs(now_ns))) {}

  /// The time in 64 bits, rounded up to a millisecond. REQUIRES: it lies less than 2^32 ms before
  /// `now_ns`. One that lies farther back is told as later than it is, by a multiple of that.
  uint64_t ToNs(uint64_t now_ns) const {
    const uint64_t now_ms = CeilMs(now_ns);
    return (now_ms - (static_cast<uint32_t>(now_ms) - ms_)) * base::kNsPerMs;
  }
  /// A time farther back than 2^31 ms becomes that. Whoever calls this once in 2^31 ms (24 days)
  /// may compare with limits of up to so long for as long as he likes.
  void Settle(uint64_t now_ns) {
    const auto now_ms = static_cast<uint32_t>(CeilMs(now_ns));
    if (now_ms - ms_ > kAgeMsMax) ms_ = now_ms - kAgeMsMax;
  }

 private:
  static constexpr uint32_t kAgeMsMax = uint32_t{1} << 31;

  static constexpr uint64_t CeilMs(uint64_t ns) {
    return (ns + base::kNsPerMs - 1) / base::kNsPerMs;
  }

  uint32_t ms_ = 0;
};

/// WHY no wrap is ever seen: what a session begins to do puts all of them to its own beginning. Of
/// what it then does, whatever has a limit (a day at most, gateway/config) has a timer, and each
/// timer settles them; what has no limit does not look at them.
struct Stamps {
  explicit Stamps(uint64_t now_ns) { Restart(now_ns); }

  /// Something else begins: what was before it counts for nothing.
  void Restart(uint64_t now_ns) {
    since = client_active = backend_active = client_sent = backend_sent = Stamp(now_ns);
  }
  void Settle(uint64_t now_ns) {
    for (Stamp* const stamp :
         {&since, &client_active, &backend_active, &client_sent, &backend_sent}) {
      stamp->Settle(now_ns);
    }
  }
  /// A link has brought bytes.
  void OnReceived(base::LinkRole from, uint64_t now_ns) {
    (from == base::LinkRole::kClient ? client_active : backend_active) = Stamp(now_ns);
  }
  /// A link's socket has taken bytes.
  void OnSent(base::LinkRole to, uint64_t now_ns) {
    (to == base::LinkRole::kClient ? client_sent : backend_sent) = Stamp(now_ns);
  }
  uint64_t LastSentNs(uint64_t now_ns) const {
    return std::max(client_sent.ToNs(now_ns), backend_sent.ToNs(now_ns));
  }
  /// What either side takes of a long queue counts: its source is not read meanwhile.
  uint64_t LastByteNs(uint64_t now_ns) const {
    return std::max({client_active.ToNs(now_ns), backend_active.ToNs(now_ns), LastSentNs(now_ns)});
  }

  Stamp since;  ///< what the session is doing now
  Stamp client_active;
  Stamp backend_active;
  Stamp client_sent;
  Stamp backend_sent;
};

}  // namespace ringway::session
