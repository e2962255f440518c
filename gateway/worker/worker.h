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
//            downloads    -> a piece each
//            due links    -> one send each
//            buffers      -> back to the kernel
#pragma once

#include <liburing.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "gateway/worker/worker_parts.h"

namespace ringway::worker {

class Worker : public WorkerParts {
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

 private:
  Worker(uring::Kernel& kernel, base::Clock& clock, Observer& observer, WorkerOptions options,
         Memory memory);

  // ---- worker.cc: the turn
  size_t Reap();
  void OnCompletion(const io_uring_cqe& cqe);
  void OnDueTimers();
  void OnSessionDue(uint32_t session);
  uint64_t WaitNs() const;
  void SetGauges();
  void ReadMail();
  void Abandon();
  void BeginDrain();
  void OnDrainDue();
  void DrainSome();
  void CutSome();
  void AwaitQuiet();
  void OnTrimDue();
  void AgeFiles();
  void ArmWake();
  uint32_t DrainTimer() const { return limits_.sessions_per_worker_max; }
  uint32_t AcceptTimer() const { return limits_.sessions_per_worker_max + 1; }
  uint32_t TrimTimer() const { return limits_.sessions_per_worker_max + 2; }
  uint32_t AgeTimer() const { return limits_.sessions_per_worker_max + 3; }
  uint32_t StallTimer() const { return limits_.sessions_per_worker_max + 4; }

  // ---- backstop.cc: what never completes
  std::string OperationsOf(const Link& link) const;
  absl::Status NotGivenBack();

  // ---- events.cc: what completions mean
  void OnAccept(const io_uring_cqe& cqe, uint32_t socket);
  void OnConnect(const io_uring_cqe& cqe, base::LinkId id);
  void OnDialed(uint32_t session);
  void OnReceive(const io_uring_cqe& cqe, base::LinkId id);
  void OnReceived(base::LinkId id, read::Received received);
  void OnSend(const io_uring_cqe& cqe, base::LinkId id);
  void OnQueueSent(base::LinkId id);
  void OnSendReset(base::LinkId id);
  void CountSent(const Link& link, uint32_t bytes);
  void OnCancelled(base::LinkId id);
  void OnStreamEnd(const io_uring_cqe& cqe, base::LinkId id);
  void NoteBackendEnd(Slot& slot);
  void OnBytes(base::LinkId id, read::Received received);

  // ---- intents.cc: what sessions want
  void CarryOut(uint32_t session);
  void CarryOutAll(uint32_t session);
  flow::PushResult CarryOutSend(uint32_t session, session::Intent& intent);
  dial::DialOutcome CarryOutDial(uint32_t session, const session::Intent& intent);
  dial::Server ServerOf(uint32_t backend_index, uint32_t server_index,
                        uint32_t address_index) const;
  void TellDialFailed(uint32_t session, dial::DialOutcome outcome, int result);
  const base::SocketAddress* NextSource(uint32_t backend_index, base::AddressFamily family);
  void OnDialFailed(uint32_t session, dial::DialOutcome outcome);
  void CarryOutFinish(uint32_t index);
  void CarryOutDrop(uint32_t index);
  void CarryOutTimer(uint32_t session, uint64_t due_ns);

  // ---- opening.cc: files that are looked for
  void KeepFind(uint32_t session, session::Intent& intent);
  [[nodiscard]] bool CarryOutFind(uint32_t session);
  void OnFileOpened(const io_uring_cqe& cqe, base::LinkId id);
  void TellFound(Slot& slot, files::Look look);
  void CloseOpening(Slot& slot);

  // ---- downloads.cc: files on their way
  void CarryOutFile(uint32_t session, session::Intent& intent);
  void OnFileRead(const io_uring_cqe& cqe, base::LinkId id);
  void MarkDownloadDue(uint32_t client);
  void ForgetEndedDownloads();
  void SendDownloads();
  uint32_t SendPiece(uint32_t client, uint32_t bytes_max);
  void SendHeadAhead(uint32_t client);
  void CountFileBytes(uint32_t client, uint32_t bytes);
  void OnPiece(uint32_t client, files::PieceOutcome outcome);
  void ReadCold(uint32_t client);
  base::Lease TakeColdRoom(uint32_t session);
  void BreakDownload(uint32_t client, session::FileFault fault);
  void EndDownload(uint32_t client);
  void CloseDownload(Slot& slot);
  void GoOnServing(uint32_t client);
  [[nodiscard]] bool TellRoom(uint32_t session);

  // ---- links.cc: the life of links
  uint32_t TryOpenLink(int fd, uint32_t session, base::LinkRole role);
  void OpenClient(int fd, uint32_t listener_index);
  void Park(int fd, uint32_t listener_index);
  void DropParked();
  void PauseAccept(std::string_view why);
  void ResumeAccept();
  void ArmReceive(uint32_t index);
  read::Arming ArmingOf(const Link& link, session::Reading reading, uint32_t credit) const;
  uint32_t TargetOf(uint32_t index);
  void WatchEnd(uint32_t index);
  void WaitForRoom(uint32_t index);
  void ResumeSources(uint32_t to);
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
  // ---- room.cc: who goes when slots or memory for heads run short
  void NoteStanding(uint32_t session);
  void Forget(Slot& slot);
  void MakeRoom(uint32_t newest);
  void ShortenHeads();
  void Evict(uint32_t session);
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
  void NoteStalled(uint32_t from);
  void OnStallDue();
  [[nodiscard]] bool EmptyPipe(uint32_t from, uint32_t to);
  uint32_t OppositeOf(const Link& link);
};

}  // namespace ringway::worker
