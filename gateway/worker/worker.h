// SPDX-License-Identifier: Apache-2.0
//
// The walk. One thread, one ring, one turn at a time: completions come in, sessions think, what
// they want is carried out, and everything due for a socket leaves in one send. This class keeps
// the turn; what it is made of stands in parts.h.
//
//   Turn():  completions  <- ring (one system call)
//            each one     -> accept, or links -> an event for its session
//            each event   -> session -> intents -> a link's queue
//            due timers   -> session -> intents
//            downloads    -> a piece each
//            ended links  -> freed; sessions told, and closed (4 rounds at most)
//            due links    -> one send each
//            buffers      -> back to the kernel
#pragma once

#include <liburing.h>

#include <array>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "gateway/worker/arrivals.h"
#include "gateway/worker/drain.h"
#include "gateway/worker/mail.h"
#include "gateway/worker/parts.h"
#include "gateway/worker/sessions.h"
#include "gateway/worker/timers.h"

namespace ringway::worker {

class Worker {
 public:
  /// Reserves everything that the limits name and registers with the kernel. To be called, used and
  /// destroyed on one thread. Kernel, clock and observer must outlive it.
  static absl::StatusOr<std::unique_ptr<Worker>> Open(uring::Kernel& kernel, base::Clock& clock,
                                                      Observer& observer, WorkerOptions options);
  /// Before `finished()`, after an error of Turn: sessions are cut without a word.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// One turn of the walk. Waits until there is something to do. An error is one of entering the
  /// kernel that no turn will mend, or says which operations the kernel has not given back long
  /// after the drain (DEADLINE_EXCEEDED): what they use stays theirs, so no end in order follows.
  absl::Status Turn();

  /// Asks for the end in order: accept no more, close every session, cut what is left after the
  /// drain time. Any thread; write to the wake descriptor afterwards.
  void RequestDrain();

  /// Where servers are to be found from now on. Any thread; write to the wake descriptor
  /// afterwards. False: the worker has not read its mail for long, and goes on with the old ones.
  [[nodiscard]] bool PostAddresses(NewAddresses addresses);

  /// Whether a requested end is complete: no session, nothing with the kernel.
  bool finished() const;

  const base::Counters& counters() const { return parts_.counters; }
  /// Of the end of the last turn. Any thread.
  const base::Gauges& gauges() const { return parts_.gauges; }
  /// From the end of waiting to the beginning of the next. Any thread.
  const base::TurnTimes& turn_times() const { return parts_.turn_times; }
  const base::Arena& arena() const { return parts_.memory.arena; }
  uint32_t sessions_open() const { return parts_.memory.slots.open(); }
  uint32_t links_open() const { return parts_.memory.links.links.open(); }
  /// Connections that were accepted and wait for a slot.
  uint32_t connections_parked() const { return arrivals_.parked(); }
  uint32_t pipes_held() const { return parts_.links->splices().splicer().pipes().taken(); }
  /// Bytes that wait in all send queues.
  uint64_t queued_bytes() const { return parts_.stores.bytes(); }
  const flow::Stores& stores() const { return parts_.stores; }
  /// Connections that have not brought a whole request, or wait between two.
  uint32_t half_open() const { return sessions_.half_open(); }

 private:
  Worker(uring::Kernel& kernel, base::Clock& clock, Observer& observer, WorkerOptions options,
         Memory memory);

  size_t Reap();
  void OnCompletion(const io_uring_cqe& cqe);
  void OnDueTimers();
  void OnTimer(WorkerTimer timer);
  void SetTimer(WorkerTimer timer, uint64_t after_ms);
  void EndLinks();
  uint64_t WaitNs() const;
  void SetGauges();
  void ReadMail();
  void ArmWake();
  void Abandon();
  // ---- what is seldom done
  void AwaitQuiet();
  void OnTrimDue();
  void AgeFiles();

  Parts parts_;
  Sessions sessions_;
  Arrivals arrivals_;
  Drain drain_;

  uint64_t wake_value_ = 0;  ///< where the kernel puts the wake descriptor's count
  bool wake_armed_ = false;
  bool awaits_quiet_ = false;               ///< the timer of kTrim is set
  uint64_t completions_at_trim_check_ = 0;  ///< and was set at this count of completions
  bool ages_files_ = false;                 ///< the timer of kAge is set
  /// Completions that are copied out of the ring at a time.
  static constexpr size_t kCompletionsPerReap = 64;
  std::array<io_uring_cqe, kCompletionsPerReap> completions_;

  /// Written by any thread, read by the worker at least once a turn: in the turn after its wake
  /// descriptor was written at the latest.
  Mailbox mailbox_;
};

}  // namespace ringway::worker
