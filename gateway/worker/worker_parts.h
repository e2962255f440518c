// SPDX-License-Identifier: Apache-2.0
//
// What a worker is made of: the rooms that it introduces to each other, its memory, and what others
// may read of it. Behaviour is in worker.h.
#pragma once

#include <liburing.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "gateway/accept/acceptor.h"
#include "gateway/base/clock.h"
#include "gateway/base/turn_times.h"
#include "gateway/dial/dialer.h"
#include "gateway/files/file_sender.h"
#include "gateway/flow/credit.h"
#include "gateway/read/receiver.h"
#include "gateway/route/address_choice.h"
#include "gateway/route/server_choice.h"
#include "gateway/session/environment.h"
#include "gateway/session/intent.h"
#include "gateway/splice/splicer.h"
#include "gateway/worker/link_peers.h"
#include "gateway/worker/mail.h"
#include "gateway/worker/memory.h"
#include "gateway/worker/observer.h"
#include "gateway/worker/options.h"
#include "gateway/worker/remembered_files.h"
#include "gateway/worker/slots.h"
#include "gateway/write/sender.h"
#include "uring/ring.h"

namespace ringway::worker {

/// One worker's, and used by its thread but where something else is said.
class WorkerParts {
 public:
  const base::Counters& counters() const { return counters_; }
  /// Of the end of the last turn. Any thread.
  const base::Gauges& gauges() const { return gauges_; }
  /// From the end of waiting to the beginning of the next. Any thread.
  const base::TurnTimes& turn_times() const { return turn_times_; }
  const base::Arena& arena() const { return memory_.arena; }
  uint32_t sessions_open() const { return memory_.slots.open(); }
  uint32_t links_open() const { return memory_.links.open(); }
  /// Connections that were accepted and wait for a slot.
  uint32_t connections_parked() const { return static_cast<uint32_t>(parked_.size()); }
  uint32_t pipes_held() const { return splicer_.pipes().taken(); }
  /// Bytes that wait in all send queues.
  uint64_t queued_bytes() const { return stores_.bytes(); }
  const flow::Stores& stores() const { return stores_; }
  /// Connections that have not brought a whole request, or wait between two.
  uint32_t half_open() const { return half_open_; }

 protected:
  WorkerParts(uring::Kernel& kernel, base::Clock& clock, Observer& observer, WorkerOptions options,
              Memory memory);
  ~WorkerParts() = default;

  base::LinkId IdOf(uint32_t index) { return {index, memory_.links.generation(index)}; }

  uring::Ring ring_;
  base::Clock& clock_;
  Observer& observer_;
  const WorkerOptions options_;
  const base::Limits limits_;
  base::Counters counters_;
  base::Gauges gauges_;
  base::TurnTimes turn_times_;

  Memory memory_;
  flow::Stores stores_;

  accept::Acceptor acceptor_;
  dial::Dialer dialer_;
  std::optional<read::Receiver> receiver_;  ///< always there after Open
  write::Sender sender_;
  splice::Splicer splicer_;
  files::FileSender file_sender_;
  RememberedFiles remembered_files_;
  LinkPeers link_peers_;
  route::ServerChoice servers_;
  route::AddressChoice addresses_;
  /// Of each backend, for IPv4 and IPv6. WHY apart: servers of both families that take turns would
  /// meet every other source and leave out the rest.
  std::vector<std::array<uint32_t, 2>> next_source_;
  std::vector<Parked> parked_;          ///< at most one for each listening socket
  session::Snapshot session_snapshot_;  ///< of options_.snapshot, for its sessions
  session::Environment environment_;
  session::Intents intents_;

  /// Completions that are copied out of the ring at a time.
  static constexpr size_t kCompletionsPerReap = 64;
  std::array<io_uring_cqe, kCompletionsPerReap> completions_;
  uint64_t work_ns_ = 0;              ///< what this turn's completions have cost, by estimate
  uint32_t armed_bytes_ = 0;          ///< by the last ArmReceive that armed
  uint32_t share_bytes_ = 64 * 1024;  ///< what one receive may bring in a turn
  /// So many turns, but the last, who has just been served lets those go first that found no
  /// buffer. WHY two and one: the completion that tells of one may come a turn behind those that
  /// took the buffers, and in step.
  static constexpr uint8_t kStarvedTurns = 3;
  uint8_t starved_turns_ = 0;
  uint32_t half_open_ = 0;
  uint32_t drain_next_ = base::kNoSlot;  ///< the first slot that was not told of the drain
  uint32_t cut_next_ = base::kNoSlot;    ///< and of its end

  /// Written by any thread, read by the worker at least once a turn: in the turn after its wake
  /// descriptor was written at the latest.
  Mailbox mailbox_;
  bool drain_wanted_ = false;               ///< its mail has said so
  bool awaits_quiet_ = false;               ///< TrimTimer is set
  uint64_t completions_at_trim_check_ = 0;  ///< and was set at this count of completions
  bool received_in_turn_ = false;           ///< somebody's bytes came in this turn
  bool ages_files_ = false;                 ///< AgeTimer is set
  bool draining_ = false;
  bool was_cut_ = false;   ///< the drain's time is over
  bool gives_up_ = false;  ///< and nothing has completed for long
  uint64_t completions_at_backstop_ = 0;
  bool wake_armed_ = false;
  uint64_t wake_value_ = 0;  ///< where the kernel puts the wake descriptor's count
};

}  // namespace ringway::worker
