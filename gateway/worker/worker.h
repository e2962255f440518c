// SPDX-License-Identifier: Apache-2.0
//
// The walk. One thread, one ring, one turn at a time: completions come in, sessions think, what
// they want is carried out, and everything due for a socket leaves in one send. This class
// introduces the rooms to each other and decides nothing that belongs to one of them.
//
//   Turn():  completions  <- ring (one system call)
//            each one     -> accept / dial / read / write, by its kind
//            each event   -> session -> intents -> a link's queue
//            due timers   -> session -> intents
//            due links    -> one send each
//            buffers      -> back to the kernel
#pragma once

#include <liburing.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "gateway/accept/acceptor.h"
#include "gateway/base/clock.h"
#include "gateway/dial/dialer.h"
#include "gateway/flow/credit.h"
#include "gateway/read/receiver.h"
#include "gateway/route/server_choice.h"
#include "gateway/session/environment.h"
#include "gateway/session/intent.h"
#include "gateway/splice/splicer.h"
#include "gateway/worker/memory.h"
#include "gateway/worker/observer.h"
#include "gateway/worker/options.h"
#include "gateway/worker/slots.h"
#include "gateway/write/sender.h"
#include "uring/ring.h"

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
  /// kernel that no turn will mend.
  absl::Status Turn();

  /// Asks for the end in order: accept no more, close every session, cut what is left after the
  /// drain time. Any thread; write to the wake descriptor afterwards.
  void RequestDrain() { drain_requested_.store(true, std::memory_order_release); }

  /// Where servers are to be found from now on, as they stand in Snapshot::addresses. Any thread;
  /// write to the wake descriptor afterwards.
  void PostAddresses(std::unique_ptr<const ServerAddresses> addresses);

  /// Whether a requested end is complete: no session, nothing with the kernel.
  bool finished() const;

  const base::Counters& counters() const { return counters_; }
  /// Of the end of the last turn. Any thread.
  const base::Gauges& gauges() const { return gauges_; }
  const base::Arena& arena() const { return memory_.arena; }
  uint32_t sessions_open() const { return memory_.slots.open(); }
  uint32_t links_open() const { return memory_.links.open(); }
  /// Connections that were accepted and wait for a slot.
  uint32_t connections_parked() const { return static_cast<uint32_t>(parked_.size()); }
  uint32_t pipes_held() const { return splicer_.pipes().taken(); }
  /// Bytes that wait in all send queues.
  uint64_t queued_bytes() const { return budget_.queued(); }

 private:
  Worker(uring::Kernel& kernel, base::Clock& clock, Observer& observer, WorkerOptions options,
         Memory memory);

  // ---- worker.cc: the turn
  void OnCompletion(const io_uring_cqe& cqe);
  void OnDueTimers();
  void OnSessionDue(uint32_t session);
  uint64_t WaitNs() const;
  void SetGauges();
  void TakePostedAddresses();
  void Abandon();
  void BeginDrain();
  void CutAll();
  void AwaitQuiet();
  void OnTrimDue();
  void ArmWake();
  uint32_t DrainTimer() const { return limits_.sessions_per_worker_max; }
  uint32_t AcceptTimer() const { return limits_.sessions_per_worker_max + 1; }
  uint32_t TrimTimer() const { return limits_.sessions_per_worker_max + 2; }

  // ---- events.cc: what completions mean
  void OnAccept(const io_uring_cqe& cqe, uint32_t socket);
  void OnConnect(const io_uring_cqe& cqe, base::LinkId id);
  void OnDialed(uint32_t session);
  void OnReceive(const io_uring_cqe& cqe, base::LinkId id);
  void OnReceived(base::LinkId id, read::Received received);
  void OnSend(const io_uring_cqe& cqe, base::LinkId id);
  void OnSendReset(base::LinkId id);
  void OnReturned(Slot& slot, const flow::Returned& returned);
  void OnCancelled(base::LinkId id);

  // ---- intents.cc: what sessions want
  void CarryOut(uint32_t session);
  flow::PushResult CarryOutSend(Slot& slot, session::Intent& intent);
  dial::DialOutcome CarryOutDial(uint32_t session, const session::Intent& intent);
  dial::Server ServerOf(uint32_t backend_index, uint32_t server_index) const;
  void TellDialFailed(uint32_t session, dial::DialOutcome outcome);
  const base::SocketAddress* NextSource(uint32_t backend_index, base::AddressFamily family);
  void OnDialFailed(uint32_t session, dial::DialOutcome outcome);
  void CarryOutFinish(uint32_t index);
  void CarryOutTimer(uint32_t session, uint64_t due_ns);

  // ---- links.cc: the life of links
  uint32_t TryOpenLink(int fd, uint32_t session, base::LinkRole role);
  void OpenClient(int fd, uint32_t listener_index);
  void Park(int fd, uint32_t listener_index);
  void DropParked();
  void PauseAccept(std::string_view why);
  void ResumeAccept();
  void ArmReceive(uint32_t index);
  void ArmReceives(uint32_t session);
  void StopReceive(uint32_t index);
  void Wait(uint32_t index);
  void ArmWaiting();
  void MarkDue(uint32_t index);
  void SendDue();
  void FinishIfEmpty(uint32_t index);
  void DiscardQueue(Link& link);
  void Drop(uint32_t index);
  void DropIfDone(base::LinkId id);
  void FreeIfIdle(uint32_t index);
  void FreeLink(uint32_t index);
  void OnBackendsGone();
  void EndSessions();
  // ---- bulk.cc: bytes that pass through pipes
  bool IsSpliced(uint32_t index);
  void ArmSplice(uint32_t index);
  void OnReadable(const io_uring_cqe& cqe, base::LinkId id);
  void OnWritable(const io_uring_cqe& cqe, base::LinkId id);
  MoveStep Move(uint32_t from);
  MoveStep MoveOnce(uint32_t from, uint32_t to, uint32_t bytes_max);
  [[nodiscard]] bool Pour(uint32_t from, uint32_t to);
  void OnPourBroken(uint32_t to, splice::PourOutcome outcome);
  void OnTargetEmpty(uint32_t to);
  void LeaveSplice(uint32_t from);
  void DropPipes(uint32_t index);
  uint32_t OppositeOf(const Link& link);

  base::LinkId IdOf(uint32_t index) { return {index, memory_.links.generation(index)}; }

  uring::Ring ring_;
  base::Clock& clock_;
  Observer& observer_;
  const WorkerOptions options_;
  const base::Limits limits_;
  base::Counters counters_;
  base::Gauges gauges_;

  Memory memory_;

  accept::Acceptor acceptor_;
  dial::Dialer dialer_;
  std::optional<read::Receiver> receiver_;  ///< always there after Open
  write::Sender sender_;
  splice::Splicer splicer_;
  route::ServerChoice servers_;
  std::unique_ptr<const ServerAddresses> addresses_;
  std::vector<uint32_t> next_source_;  ///< of each backend
  std::vector<Parked> parked_;         ///< at most one for each listening socket
  flow::ByteBudget budget_;
  session::Environment environment_;
  session::Intents intents_;

  /// Completions that one turn takes at most; more wait in the ring for the next.
  static constexpr size_t kCompletionsPerTurnMax = 1024;
  std::vector<io_uring_cqe> completions_;

  /// Newer addresses that the worker has not taken yet; whoever takes the pointer out owns it.
  std::atomic<const ServerAddresses*> posted_addresses_{nullptr};
  /// Written by any thread, read by the worker once a turn: it sees the request in the turn after
  /// its wake descriptor was written at the latest.
  std::atomic<bool> drain_requested_{false};
  bool awaits_quiet_ = false;               ///< TrimTimer is set
  uint64_t completions_at_trim_check_ = 0;  ///< and was set at this count of completions
  bool draining_ = false;
  bool wake_armed_ = false;
  uint64_t wake_value_ = 0;  ///< where the kernel puts the wake descriptor's count
};

}  // namespace ringway::worker
