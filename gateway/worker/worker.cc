// SPDX-License-Identifier: Apache-2.0
//
// Opening a worker, and its turn.
#include "gateway/worker/worker.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "uring/user_data.h"

namespace ringway::worker {
namespace {

using base::kNsPerMs;
using base::Operation;

/// Timers that one pass takes.
constexpr size_t kTimersPerPass = 256;

/// What one turn takes on of sessions whose time has come, or that are told of a drain and of its
/// end. The rest follows in the next, which does not wait: a turn of 65,536 sessions would keep
/// everybody else waiting for tens of milliseconds.
constexpr size_t kDuePerTurnMax = 1024;

/// What one turn takes on of completions, by an estimate of what they cost, and by their number.
/// The rest waits in the ring. A turn's sends cost about as much again.
constexpr uint64_t kTurnWorkNs = 1'000'000;
constexpr size_t kCompletionsPerTurnMax = 1024;
/// Of which each completion costs so much at least.
constexpr uint64_t kCompletionNs = 250;

/// Mail that is read at a time: once a turn, and again with each full batch of completions.
constexpr uint32_t kMailPerRead = 32;

/// The memory of free buffers goes back after an interval with no more completions than this. Each
/// page then costs one fault when it is used again: a twentieth of what a message costs.
constexpr uint64_t kTrimIntervalMs = 1000;
constexpr uint64_t kQuietCompletions = 1000;

/// Chunks that the kernel holds for reads of cold files: 1 MiB that each worker with static routes
/// costs. Those are taken first, so that more matter only while 64 disks' reads are under way.
constexpr uint32_t kRegisteredChunks = 64;

/// What has been cut completes within microseconds, but for a disk, or a file system behind a
/// network, that hangs.
constexpr uint64_t kBackstopMs = 5000;

/// A part of the names of files is looked through so often; all of 1,024 in 4 seconds.
constexpr uint64_t kAgeIntervalMs = 250;

}  // namespace

absl::StatusOr<std::unique_ptr<Worker>> Worker::Open(uring::Kernel& kernel, base::Clock& clock,
                                                     Observer& observer, WorkerOptions options) {
  auto memory = Memory::Reserve(
      *options.snapshot->config,
      {.roots = options.roots, .shared = options.shared_files, .seed = options.seed},
      clock.NowNs() / kNsPerMs);
  if (!memory.ok()) return memory.status();
  std::unique_ptr<Worker> worker(
      new Worker(kernel, clock, observer, std::move(options), *std::move(memory)));
  auto receiver = read::Receiver::Open(worker->ring_, worker->memory_.arena, worker->counters_);
  if (!receiver.ok()) return receiver.status();
  const auto& roots = worker->options_.roots;
  if (std::any_of(roots.begin(), roots.end(), [](int root) { return root >= 0; })) {
    worker->file_sender_.Register(
        worker->memory_.arena.Pin(base::BufferClass::kChunk, kRegisteredChunks));
  }
  worker->parked_.reserve(worker->options_.sockets.size());
  worker->receiver_.emplace(*std::move(receiver));
  worker->acceptor_.Arm(worker->memory_.slots.count());
  if (worker->options_.wake_fd >= 0) worker->ArmWake();
  return worker;
}

Worker::Worker(uring::Kernel& kernel, base::Clock& clock, Observer& observer, WorkerOptions options,
               Memory memory)
    : WorkerParts(kernel, clock, observer, std::move(options), std::move(memory)) {}

Worker::~Worker() {
  if (finished()) {
    memory_.files.Forget();
    memory_.files.Collect();
  } else {
    Abandon();
  }
}

// The ring has failed, and no operation will complete any more; or one has not been given back, and
// may yet write into its memory, which stays mapped for that. What the kernel holds it loses with
// the ring. Other workers live on, so what is counted with them is counted out.
void Worker::Abandon() {
  for (uint32_t session = 0; session < memory_.slots.touched(); ++session) {
    if (!memory_.slots.IsOpen(session)) continue;
    memory_.slots[session].session.Leave(environment_);
    CloseDownload(memory_.slots[session]);
    CloseOpening(memory_.slots[session]);
    memory_.slots.Close(session);
  }
  for (uint32_t link = 0; link < memory_.links.touched(); ++link) {
    if (!memory_.links.IsOpen(link)) continue;
    static_cast<void>(ring_.kernel().Close(memory_.links[link].fd));
    memory_.links.Close(link);
  }
  DropParked();
  memory_.files.Abandon();
  memory_.slices.Abandon();
  memory_.arena.Abandon();
}

void Worker::RequestDrain() {
  // WHY nothing is lost: what is urgent is a drain, so where there is no room one is there.
  static_cast<void>(mailbox_.TryPost(DrainWanted(), base::Urgency::kUrgent));
}

bool Worker::PostAddresses(NewAddresses addresses) {
  return mailbox_.TryPost(std::move(addresses));
}

void Worker::ReadMail() {
  Mail mail;
  for (uint32_t i = 0; i < kMailPerRead && mailbox_.TryTake(mail); ++i) {
    if (std::holds_alternative<DrainWanted>(mail)) {
      drain_wanted_ = true;
    } else {
      addresses_.Replace(std::get<NewAddresses>(std::move(mail)));
    }
  }
}

absl::Status Worker::Turn() {
  if (const int error = ring_.Turn(WaitNs()); error != 0) {
    return absl::InternalError(absl::StrCat("io_uring_enter failed: ", std::strerror(-error)));
  }
  environment_.now_ns = clock_.NowNs();
  environment_.unix_s = clock_.UnixSeconds();
  counters_.turns.Add(1);
  counters_.submissions_flushed.Add(ring_.flushes() - counters_.submissions_flushed.value());
  if (Reap() > 0 && !awaits_quiet_) AwaitQuiet();
  OnDueTimers();
  if (!draining_ && drain_wanted_) BeginDrain();
  DrainSome();
  CutSome();
  SendDownloads();
  OnBackendsGone();
  ShortenHeads();
  EndSessions();
  SendDue();
  receiver_->Replenish();
  ArmWaiting();
  memory_.files.Collect();
  AgeFiles();
  SetGauges();
  turn_times_.Record(clock_.NowNs() - environment_.now_ns);
  return gives_up_ && !finished() ? NotGivenBack() : absl::OkStatus();
}

// The rest of what is there waits in the completion queue for the next turn: what these have
// brought is sent before.
size_t Worker::Reap() {
  received_in_turn_ = false;
  work_ns_ = 0;
  size_t count = 0;
  while (count < kCompletionsPerTurnMax && work_ns_ < kTurnWorkNs) {
    const size_t more = ring_.Reap(completions_);
    // WHY here: what a completion tells of, a wake or the end of listening, was posted before it,
    // and a full submission queue brings more completions in the middle of a turn.
    ReadMail();
    for (size_t i = 0; i < more; ++i) OnCompletion(completions_[i]);
    work_ns_ += more * kCompletionNs;
    count += more;
    if (more < completions_.size()) break;
  }
  counters_.completions.Add(count);
  if (ring_.ready() > 0) counters_.turns_cut.Add(1);
  return count;
}

void Worker::SetGauges() {
  uint64_t leases = 0;
  for (size_t c = 0; c < base::kBufferClasses; ++c) {
    const auto buffer_class = static_cast<base::BufferClass>(c);
    if (buffer_class == base::BufferClass::kLent) continue;
    leases += memory_.arena.leased(buffer_class);
  }
  gauges_.sessions_open.Set(memory_.slots.open());
  gauges_.links_open.Set(memory_.links.open());
  gauges_.leases_out.Set(leases);
  gauges_.files_open.Set(memory_.files.open());
  gauges_.bytes_queued.Set(stores_.bytes() + splicer_.bytes_held());
  gauges_.half_open.Set(half_open_);
}

void Worker::OnCompletion(const io_uring_cqe& cqe) {
  const auto user_data = uring::UserData::Unpack(cqe.user_data);
  const base::LinkId id{user_data.slot, user_data.generation};
  switch (static_cast<Operation>(user_data.kind)) {
    case Operation::kReceive:
      return OnReceive(cqe, id);
    case Operation::kSend:
      return OnSend(cqe, id);
    case Operation::kConnect:
      return OnConnect(cqe, id);
    case Operation::kAccept:
      return OnAccept(cqe, user_data.slot);
    case Operation::kCancelAccept:
      return acceptor_.OnCancelled();
    case Operation::kCancel:
      return OnCancelled(id);
    case Operation::kEnd:
      return OnStreamEnd(cqe, id);
    case Operation::kReadable:
      return OnReadable(cqe, id);
    case Operation::kWritable:
      return OnWritable(cqe, id);
    case Operation::kOpenFile:
      return OnFileOpened(cqe, id);
    case Operation::kReadFile:
      return OnFileRead(cqe, id);
    case Operation::kWake:
      wake_armed_ = false;
      // WHY not draining_: that is set later in this turn, and nobody would wake this read again.
      if (cqe.res >= 0 && !drain_wanted_) ArmWake();
      return;
    case Operation::kNone:
      break;
  }
  counters_.completions_unexpected.Add(1);
}

void Worker::ArmWake() {
  io_uring_sqe* sqe = ring_.NextEntry();
  io_uring_prep_read(sqe, options_.wake_fd, &wake_value_, sizeof wake_value_, 0);
  sqe->user_data = uring::UserData{.kind = static_cast<uint8_t>(Operation::kWake)}.Pack();
  wake_armed_ = true;
}

uint64_t Worker::WaitNs() const {
  const bool is_busy = !memory_.downloads_due.empty() || !memory_.waiting.empty() ||
                       !memory_.ended.empty() || !memory_.backend_gone.empty();
  if (is_busy || drain_next_ != base::kNoSlot || cut_next_ != base::kNoSlot) {
    return 0;
  }
  const uint64_t due_ms = memory_.wheel.NextDueMs();
  if (due_ms == base::TimingWheel::kNever) return uring::kNoTimeout;
  const uint64_t now_ns = environment_.now_ns;
  const uint64_t due_ns = due_ms * kNsPerMs;
  return due_ns > now_ns ? due_ns - now_ns : 0;
}

void Worker::OnDueTimers() {
  std::array<uint32_t, kTimersPerPass> due;
  size_t count = due.size();
  for (size_t taken = 0; taken < kDuePerTurnMax && count == due.size(); taken += count) {
    count = memory_.wheel.PopDue(environment_.now_ns / kNsPerMs, due);
    for (size_t i = 0; i < count; ++i) {
      if (due[i] == DrainTimer()) {
        OnDrainDue();
      } else if (due[i] == AcceptTimer()) {
        ResumeAccept();
      } else if (due[i] == TrimTimer()) {
        OnTrimDue();
      } else if (due[i] == AgeTimer()) {
        ages_files_ = false;
        memory_.files.Age(environment_.now_ns);
      } else if (due[i] == StallTimer()) {
        OnStallDue();
      } else {
        OnSessionDue(due[i]);
      }
    }
  }
}

void Worker::OnSessionDue(uint32_t session) {
  RINGWAY_CHECK(memory_.slots.IsOpen(session));
  Slot& slot = memory_.slots[session];
  const uint32_t client = slot.links[static_cast<size_t>(base::LinkRole::kClient)];
  session::ClientLook look;
  if (client != base::kNoSlot) {
    const Link& link = memory_.links[client];
    look = {.queued_bytes = link.send.queue.bytes(),
            .is_read = link.receive.armed || link.splice.readable_armed};
  }
  slot.session.OnDue(environment_, look, intents_);
  CarryOut(session);
  ArmReceives(session);
}

void Worker::BeginDrain() {
  draining_ = true;
  acceptor_.Stop();
  DropParked();
  const uint64_t end_ns = environment_.now_ns + limits_.drain_timeout_ns;
  memory_.wheel.Set(DrainTimer(), (end_ns + kNsPerMs - 1) / kNsPerMs);
  drain_next_ = 0;
}

// WHY a whole interval without a completion: who was stopped for so long himself, or whose disk is
// only slow, still gets all of them.
void Worker::OnDrainDue() {
  const uint64_t completions = counters_.completions.value();
  gives_up_ = was_cut_ && !ring_.HasUnreaped() && completions == completions_at_backstop_;
  if (gives_up_) return;
  if (!std::exchange(was_cut_, true)) cut_next_ = 0;
  completions_at_backstop_ = completions;
  memory_.wheel.Set(DrainTimer(), environment_.now_ns / kNsPerMs + kBackstopMs);
}

void Worker::DrainSome() {
  for (size_t count = 0; count < kDuePerTurnMax && drain_next_ != base::kNoSlot; ++count) {
    const uint32_t session = drain_next_++;
    if (session >= memory_.slots.touched()) {
      drain_next_ = base::kNoSlot;
    } else if (memory_.slots.IsOpen(session)) {
      memory_.slots[session].session.OnDrain(environment_, intents_);
      CarryOut(session);
      ArmReceives(session);
    }
  }
}

void Worker::AwaitQuiet() {
  awaits_quiet_ = true;
  completions_at_trim_check_ = counters_.completions.value();
  memory_.wheel.Set(TrimTimer(), environment_.now_ns / kNsPerMs + kTrimIntervalMs);
}

// What a burst of handshakes or messages has touched does not stay with the sessions that idle.
void Worker::OnTrimDue() {
  // WHY unreaped ones count: a buffer that the kernel has filled belongs to nobody until then.
  if (ring_.HasUnreaped() ||
      counters_.completions.value() - completions_at_trim_check_ > kQuietCompletions) {
    return AwaitQuiet();
  }
  memory_.arena.Trim();
  awaits_quiet_ = false;
}

void Worker::AgeFiles() {
  if (ages_files_ || draining_ || memory_.files.open() == 0) return;
  ages_files_ = true;
  memory_.wheel.Set(AgeTimer(), environment_.now_ns / kNsPerMs + kAgeIntervalMs);
}

void Worker::CutSome() {
  for (size_t count = 0; count < kDuePerTurnMax && cut_next_ != base::kNoSlot; ++count) {
    const uint32_t session = cut_next_++;
    if (session >= memory_.slots.touched()) {
      cut_next_ = base::kNoSlot;
    } else if (memory_.slots.IsOpen(session)) {
      memory_.slots[session].session.OnCut(intents_);
      CarryOut(session);
    }
  }
}

bool Worker::finished() const {
  return draining_ && memory_.slots.open() == 0 && memory_.links.open() == 0 &&
         acceptor_.in_flight() == 0 && !wake_armed_;
}

}  // namespace ringway::worker
