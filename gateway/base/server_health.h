// SPDX-License-Identifier: Apache-2.0
//
// Which backend servers are fit to be dialled, as all workers and the prober have found them. Dials
// that fail in a row eject a server for a time that grows (passive health); probes that fail or
// succeed in a row call it down or up (active health).
#pragma once

#include <atomic>
#include <cstdint>

#include "absl/status/statusor.h"
#include "gateway/base/mapping.h"

namespace ringway::base {

/// When dials that fail eject a server, and for how long.
struct EjectionRules {
  uint32_t failures_max = 0;  ///< in a row; 0: never
  uint64_t time_ns = 0;       ///< of the first ejection; each that follows takes twice as long
  uint64_t time_ns_max = 0;
};

/// How many probes in a row call a server up, or down.
struct ProbeRules {
  uint32_t rise = 1;
  uint32_t fall = 1;
};

enum class ProbeResult : uint8_t { kGood, kBad };

enum class HealthChange : uint8_t { kNone, kUp, kDown };

/// One entry for each server of a configuration, by its place in the row of all (route::ServerRow).
/// A server begins up and not ejected. Fixed size, lock-free.
///
/// Threads: workers eject and clear, any of them any server; one prober thread alone calls OnProbe;
/// all read. What one writes the others see a moment later, and each number by itself: a worker may
/// dial a server that another ejects at this moment, which costs one dial more. Touched when a dial
/// begins and ends, never for a message; while all goes well nobody writes.
class ServerHealth {
 public:
  /// RESOURCE_EXHAUSTED where address space is not to be had.
  static absl::StatusOr<ServerHealth> Map(uint32_t servers);

  /// Probes call it down: it is not to be dialled.
  bool IsDown(uint32_t server) const { return entry(server).down.load(kRelaxed) != 0; }
  /// Its dials failed: it is to be dialled only where no other server is left.
  bool IsEjected(uint32_t server, uint64_t now_ns) const {
    return now_ns < entry(server).ejected_until.load(kRelaxed);
  }
  bool IsUsable(uint32_t server, uint64_t now_ns) const {
    return !IsDown(server) && !IsEjected(server, now_ns);
  }

  /// Asked of a usable server before it is dialled. After an ejection one dial tries the server
  /// while the others keep away for another `rules.time_ns`: true for that one, false for those
  /// that come later. WHY: a server that answers nothing would otherwise cost every session that
  /// meets it at that moment its try_timeout.
  [[nodiscard]] bool TryTrial(uint32_t server, uint64_t now_ns, const EjectionRules& rules);

  /// A dial failed. Returns whether the server is ejected from now on. Failures of one that is
  /// ejected already say nothing new: those dials began before.
  bool OnDialFailed(uint32_t server, uint64_t now_ns, const EjectionRules& rules);
  /// A dial succeeded: what failed before is forgotten. Returns whether that ends an ejection.
  bool OnDialSucceeded(uint32_t server);
  /// The server has moved to another address: its dials tell nothing of the new one.
  void ForgetDials(uint32_t server) { OnDialSucceeded(server); }

  /// A probe ended. Returns what it changes; kUp ends an ejection too. Only the prober's thread.
  HealthChange OnProbe(uint32_t server, ProbeResult result, const ProbeRules& rules);

  uint32_t servers() const { return servers_; }

 private:
  static constexpr auto kRelaxed = std::memory_order_relaxed;
  /// The lowest bit of a time of ejection: a trial is under way, whose failure counts. One
  /// nanosecond more or less is nobody's.
  static constexpr uint64_t kOnTrial = 1;

  struct alignas(32) Entry {
    std::atomic<uint64_t> ejected_until;  ///< ns and kOnTrial; 0: not since the last good dial
    std::atomic<uint32_t> failures;       ///< dials in a row, since the last ejection
    std::atomic<uint32_t> ejections;      ///< in a row, without a good dial between them
    std::atomic<uint32_t> down;           ///< 1 or 0
    std::atomic<uint32_t> contrary;       ///< probes in a row that speak against `down`
  };
  static_assert(std::atomic<uint64_t>::is_always_lock_free);

  ServerHealth(Mapping entries, uint32_t servers);
  Entry& entry(uint32_t server) const;

  Mapping entries_;
  uint32_t servers_;
};

}  // namespace ringway::base
