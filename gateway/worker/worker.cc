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

/// A part of the names of files is looked through so often; all of 1,024 in 4 seconds.
constexpr uint64_t kAgeIntervalMs = 250;

/// A link that is freed may bring about that others are dropped: so often in one turn they are
/// freed, too.
constexpr int kEndingRoundsMax = 4;

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
  Parts& parts = worker->parts_;
  auto links = links::Links::Open({.ring = parts.ring,
                                   .stores = parts.stores,
                                   .counters = parts.counters,
                                   .limits = parts.limits,
                                   .now_ns = parts.environment.now_ns,
                                   .files = parts.memory.files,
                                   .memory = parts.memory.links,
                                   .sink = worker->sessions_});
  if (!links.ok()) return links.status();
  parts.links = *std::move(links);
  const auto& roots = parts.options.roots;
  if (std::any_of(roots.begin(), roots.end(), [](int root) { return root >= 0; })) {
    parts.links->downloads().Register(
        parts.memory.arena.Pin(base::BufferClass::kChunk, kRegisteredChunks));
  }
  worker->arrivals_.Open();
  if (parts.options.wake_fd >= 0) worker->ArmWake();
  return worker;
}

Worker::Worker(uring::Kernel& kernel, base::Clock& clock, Observer& observer, WorkerOptions options,
               Memory memory)
    : parts_(kernel, clock, observer, std::move(options), std::move(memory)),
      sessions_(parts_),
      arrivals_(parts_, sessions_),
      drain_(parts_, sessions_, arrivals_) {}

Worker::~Worker() {
  if (finished()) {
    parts_.memory.files.Forget();
    parts_.memory.files.Collect();
  } else {
    Abandon();
  }
}

// The ring has failed, and no operation will complete any more; or one has not been given back, and
// may yet write into its memory, which stays mapped for that. What the kernel holds it loses with
// the ring. Other workers live on, so what is counted with them is counted out.
void Worker::Abandon() {
  sessions_.Abandon();
  if (parts_.links != nullptr) parts_.links->Abandon();
  arrivals_.DropParked();
  parts_.memory.files.Abandon();
  parts_.memory.slices.Abandon();
  parts_.memory.arena.Abandon();
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
      parts_.drain_wanted = true;
    } else {
      parts_.addresses.Replace(std::get<NewAddresses>(std::move(mail)));
    }
  }
}

absl::Status Worker::Turn() {
  base::Counters& counters = parts_.counters;
  if (const int error = parts_.ring.Turn(WaitNs()); error != 0) {
    return absl::InternalError(absl::StrCat("io_uring_enter failed: ", std::strerror(-error)));
  }
  parts_.environment.now_ns = parts_.clock.NowNs();
  parts_.environment.unix_s = parts_.clock.UnixSeconds();
  counters.turns.Add(1);
  counters.submissions_flushed.Add(parts_.ring.flushes() - counters.submissions_flushed.value());
  if (Reap() > 0 && !awaits_quiet_) AwaitQuiet();
  OnDueTimers();
  if (!drain_.has_begun() && parts_.drain_wanted) drain_.Begin();
  drain_.GoOn();
  parts_.links->downloads().SendDue();
  sessions_.ShortenHeads();
  EndLinks();
  parts_.links->EndTurn();
  parts_.memory.files.Collect();
  AgeFiles();
  SetGauges();
  parts_.turn_times.Record(parts_.clock.NowNs() - parts_.now_ns());
  return finished() ? absl::OkStatus() : drain_.Check(wake_armed_);
}

// Before the sends: what the ends of links make others say leaves in the same turn.
void Worker::EndLinks() {
  for (int round = 0; round < kEndingRoundsMax; ++round) {
    const bool was_freed = parts_.links->FreeDead();
    if (sessions_.EndOver()) {
      arrivals_.Resume();
    } else if (!was_freed) {
      return;
    }
  }
}

// The rest of what is there waits in the completion queue for the next turn: what these have
// brought is sent before.
size_t Worker::Reap() {
  parts_.links->BeginTurn();
  size_t count = 0;
  while (count < kCompletionsPerTurnMax &&
         parts_.links->work_ns() + count * kCompletionNs < kTurnWorkNs) {
    const size_t more = parts_.ring.Reap(completions_);
    // WHY here: what a completion tells of, a wake or the end of listening, was posted before it,
    // and a full submission queue brings more completions in the middle of a turn.
    ReadMail();
    for (size_t i = 0; i < more; ++i) OnCompletion(completions_[i]);
    count += more;
    if (more < completions_.size()) break;
  }
  parts_.counters.completions.Add(count);
  if (parts_.ring.ready() > 0) parts_.counters.turns_cut.Add(1);
  return count;
}

void Worker::SetGauges() {
  const base::Arena& arena = parts_.memory.arena;
  base::Gauges& gauges = parts_.gauges;
  uint64_t leases = 0;
  for (size_t c = 0; c < base::kBufferClasses; ++c) {
    const auto buffer_class = static_cast<base::BufferClass>(c);
    if (buffer_class != base::BufferClass::kLent) leases += arena.leased(buffer_class);
  }
  gauges.sessions_open.Set(sessions_open());
  gauges.links_open.Set(links_open());
  gauges.leases_out.Set(leases);
  gauges.files_open.Set(parts_.memory.files.open());
  gauges.bytes_queued.Set(queued_bytes() + parts_.links->splices().splicer().bytes_held());
  gauges.half_open.Set(half_open());
}

void Worker::OnCompletion(const io_uring_cqe& cqe) {
  const auto user_data = uring::UserData::Unpack(cqe.user_data);
  const base::LinkId id{user_data.slot, user_data.generation};
  const auto operation = static_cast<Operation>(user_data.kind);
  switch (operation) {
    case Operation::kReceive:
    case Operation::kSend:
    case Operation::kConnect:
    case Operation::kCancel:
    case Operation::kEnd:
    case Operation::kReadable:
    case Operation::kWritable:
    case Operation::kReadFile:
      return parts_.links->OnCompletion(cqe, operation, id);
    case Operation::kAccept:
      return arrivals_.OnAccept(cqe, user_data.slot);
    case Operation::kCancelAccept:
      return arrivals_.OnCancelled();
    case Operation::kOpenFile:
      return sessions_.OnFileOpened(cqe, id);
    case Operation::kWake:
      wake_armed_ = false;
      // WHY not has_begun(): that is set later in this turn, and nobody would wake this read again.
      if (cqe.res >= 0 && !parts_.drain_wanted) ArmWake();
      return;
    case Operation::kNone:
      break;
  }
  parts_.counters.completions_unexpected.Add(1);
}

void Worker::ArmWake() {
  io_uring_sqe* sqe = parts_.ring.NextEntry();
  io_uring_prep_read(sqe, parts_.options.wake_fd, &wake_value_, sizeof wake_value_, 0);
  sqe->user_data = uring::UserData{.kind = static_cast<uint8_t>(Operation::kWake)}.Pack();
  wake_armed_ = true;
}

uint64_t Worker::WaitNs() const {
  if (parts_.links->HasWork() || drain_.HasMore() || !parts_.memory.ended.empty()) return 0;
  const uint64_t due_ms = parts_.memory.wheel.NextDueMs();
  uint64_t due_ns = parts_.links->splices().due_ns();
  if (due_ms != base::TimingWheel::kNever) due_ns = std::min(due_ns, due_ms * kNsPerMs);
  if (due_ns == UINT64_MAX) return uring::kNoTimeout;
  return due_ns > parts_.now_ns() ? due_ns - parts_.now_ns() : 0;
}

void Worker::SetTimer(WorkerTimer timer, uint64_t after_ms) {
  parts_.memory.wheel.Set(TimerOf(timer, parts_.limits), parts_.now_ns() / kNsPerMs + after_ms);
}

void Worker::OnDueTimers() {
  links::Splices& splices = parts_.links->splices();
  if (parts_.now_ns() >= splices.due_ns()) splices.OnDue();
  const uint32_t sessions = parts_.limits.sessions_per_worker_max;
  std::array<uint32_t, kTimersPerPass> due;
  size_t count = due.size();
  for (size_t taken = 0; taken < kSessionsPerTurnMax && count == due.size(); taken += count) {
    count = parts_.memory.wheel.PopDue(parts_.now_ns() / kNsPerMs, due);
    for (size_t i = 0; i < count; ++i) {
      if (due[i] < sessions) {
        sessions_.OnDue(due[i]);
      } else {
        OnTimer(static_cast<WorkerTimer>(due[i] - sessions));
      }
    }
  }
}

void Worker::OnTimer(WorkerTimer timer) {
  switch (timer) {
    case WorkerTimer::kDrain:
      return drain_.OnDue();
    case WorkerTimer::kAccept:
      return arrivals_.Resume();
    case WorkerTimer::kTrim:
      return OnTrimDue();
    case WorkerTimer::kAge:
      ages_files_ = false;
      return parts_.memory.files.Age(parts_.now_ns());
  }
}

void Worker::AwaitQuiet() {
  awaits_quiet_ = true;
  completions_at_trim_check_ = parts_.counters.completions.value();
  SetTimer(WorkerTimer::kTrim, kTrimIntervalMs);
}

// What a burst of handshakes or messages has touched does not stay with the sessions that idle.
void Worker::OnTrimDue() {
  // WHY unreaped ones count: a buffer that the kernel has filled belongs to nobody until then.
  if (parts_.ring.HasUnreaped() ||
      parts_.counters.completions.value() - completions_at_trim_check_ > kQuietCompletions) {
    return AwaitQuiet();
  }
  parts_.memory.arena.Trim();
  awaits_quiet_ = false;
}

void Worker::AgeFiles() {
  if (ages_files_ || drain_.has_begun() || parts_.memory.files.open() == 0) return;
  ages_files_ = true;
  SetTimer(WorkerTimer::kAge, kAgeIntervalMs);
}

bool Worker::finished() const {
  return drain_.has_begun() && sessions_open() == 0 && links_open() == 0 &&
         arrivals_.in_flight() == 0 && !wake_armed_;
}

}  // namespace ringway::worker
