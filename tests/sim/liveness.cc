// SPDX-License-Identifier: Apache-2.0
//
// Bounds on waiting and on not waiting.
#include "tests/sim/liveness.h"

#include <algorithm>

namespace ringway::sim {
namespace {

/// A wait may end with a timer that has nothing to do, at each of the wheel's coarser positions;
/// each session's may pass others than its neighbour's.
constexpr uint32_t kIdleTurnsMax = 8;
/// While a worker remembers files it looks so often for those that nobody asks for, in one turn or,
/// by the wheel, in two.
constexpr uint64_t kAgeIntervalNs = 250'000'000;
/// Timers count milliseconds, a wait may end late, and an answer takes a few operations.
constexpr uint64_t kSlackNs = 40'000'000;
/// Turns of a drain, beside those in which bytes moved.
constexpr uint64_t kDrainTurnsMax = 200;
/// And for each hostile story, whose bytes leave and come in small pieces.
constexpr uint64_t kHostileDrainTurns = 50;

/// Polls in a row that brought nobody a byte: a few of each session at once are none too many.
constexpr uint64_t kVainPollsMax = 200;

uint64_t MovedOf(const Connection* connection) {
  if (connection == nullptr) return 0;
  return connection->up.taken() + connection->down.taken() + connection->down.size();
}

bool IsOpen(const Connection* connection) {
  return connection != nullptr && connection->accepted && !connection->near_closed;
}

}  // namespace

void Liveness::AfterTurn(const Casts& casts) {
  Causes();
  Polls();
  Timeouts(casts);
  Drain();
}

// Who is awake without a cause burns a processor while its sessions sleep.
void Liveness::Causes() {
  const auto& struck = plan_->faults.struck;
  const auto times = [&](Fault fault) { return struck[static_cast<size_t>(fault)]; };
  const uint64_t causes = worker_->counters().completions.value() + kernel_->submitted.all +
                          times(Fault::k_interrupted) + times(Fault::k_no_memory) +
                          times(Fault::k_partial_submit);
  // A session that a timer has ended is a cause too.
  const bool is_idle = causes == causes_ && worker_->sessions_open() == sessions_;
  idle_turns_ = is_idle ? idle_turns_ + 1 : 0;
  if (!is_idle) idle_since_ns_ = clock_->now_ns;
  causes_ = causes;
  sessions_ = worker_->sessions_open();
  // A client that is not read is looked at once in each ping interval.
  const base::Limits& limits = plan_->limits;
  const uint64_t looks =
      limits.ping_interval_ns == 0 ? 0 : limits.idle_timeout_ns / limits.ping_interval_ns;
  const uint64_t ages =
      plan_->files.empty() ? 0 : 2 * (clock_->now_ns - idle_since_ns_) / kAgeIntervalNs;
  const uint64_t most = kIdleTurnsMax + worker_->sessions_open() * (1 + looks) + ages;
  if (idle_turns_ > most) verdict_->Fail("%u turns without a cause", idle_turns_);
}

// Who polls what is ready and does nothing about it never sleeps.
void Liveness::Polls() {
  const auto& struck = plan_->faults.struck;
  const auto times = [&](Fault fault) { return struck[static_cast<size_t>(fault)]; };
  const uint64_t excused = times(Fault::k_poll_spurious) + times(Fault::k_splice_in_again) +
                           times(Fault::k_splice_out_again) + times(Fault::k_ahead_again) +
                           times(Fault::k_sendfile_again) + times(Fault::k_send_again);
  const uint64_t submitted = kernel_->submitted.of[IORING_OP_POLL_ADD];
  const uint64_t polls = submitted - std::min(excused, submitted);
  const uint64_t moved = kernel_->BytesMoved();
  if (moved != poll_moved_ || polls < polls_) polls_ = polls;
  poll_moved_ = moved;
  if (polls - polls_ > kVainPollsMax) verdict_->Fail("%lu polls in vain", polls - polls_);
}

uint64_t Liveness::LongestStillNs(const ClientEnd& client) const {
  const base::Limits& limits = plan_->limits;
  const Connection& near = *client.connection();
  const bool answered = near.down.taken() + near.down.size() > 0;
  const uint64_t shaking = std::max(limits.handshake_timeout_ns, plan_->connect_timeout_ns);
  // A ping behind a queue that stands still moves nothing either.
  const uint64_t unanswered = limits.ping_interval_ns + limits.pong_timeout_ns;
  // Who is not read cannot be asked, and without a cell nobody can.
  const config::Mode mode = client.story().mode;
  const bool is_asked = mode == config::Mode::kTcp && limits.ping_interval_ns != 0 &&
                        near.up.size() == 0 && kernel_->in_flight.IsReceiving(&near) &&
                        !cells_ran_out_;
  const uint64_t open =
      !is_asked ? limits.idle_timeout_ns : std::min(limits.idle_timeout_ns, unanswered);
  // Behind an answer that is no 101 the next request is waited for as the first was.
  const bool asks_again = mode != config::Mode::kTcp;
  const uint64_t after = asks_again ? open + shaking : open;
  // A file may be waited for where no backend is.
  const bool is_long = answered || mode == config::Mode::kStatic;
  return (is_long ? after : shaking) + limits.close_timeout_ns + kSlackNs;
}

// Only where the timeouts are short: in steady weather nobody waits for them.
void Liveness::Timeouts(const Casts& casts) {
  if (plan_->weather == Weather::kSteady) return;
  const base::Arena& arena = worker_->arena();
  constexpr auto kCell = base::BufferClass::kCell;
  cells_ran_out_ |= arena.leased(kCell) == arena.count(kCell);
  ForEachClient(casts, [&](const Cast& cast, const ClientEnd& client, size_t place) {
    if (place == still_.size()) still_.emplace_back();
    Timeout(cast, client, still_[place]);
  });
}

void Liveness::Timeout(const Cast& cast, const ClientEnd& client, Still& still) {
  const BackendEnd* server = cast.ServerOf(client);
  const Connection* near = client.connection();
  const Connection* far = server == nullptr ? nullptr : server->connection();
  if (!IsOpen(near) && !IsOpen(far)) return;
  // What never completes is told at the end.
  const bool is_withheld = cast.IsWithheld(client) || kernel_->withholding.WithholdsConnect() ||
                           (client.story().mode == config::Mode::kStatic &&
                            kernel_->withholding.Withholds(DescriptorKind::kFile));
  if (is_withheld) return;
  const uint64_t moved = MovedOf(near) + MovedOf(far);
  // A connection that waits for a slot waits as long as in the backlog.
  const bool may_be_parked = moved == 0 && worker_->connections_parked() > 0;
  if (moved != still.moved || may_be_parked) still = {.moved = moved, .since_ns = clock_->now_ns};
  const uint64_t still_ns = clock_->now_ns - still.since_ns;
  if (near == nullptr || still_ns <= LongestStillNs(client)) return;
  verdict_->Fail("%s: nothing moved for %lu ms, and it is open yet", cast.NameOf(client).c_str(),
                 still_ns / 1'000'000);
}

void Liveness::Drain() {
  if (!draining_) return;
  const uint64_t moved = kernel_->BytesMoved();
  // A poll tells of room in one turn, and the send that it permits ends in the next.
  ++(moved == drain_moved_ ? drain_turns_ : drain_moving_turns_);
  drain_moved_ = moved;
  const auto hostile = static_cast<uint64_t>(std::ranges::count_if(
      plan_->stories, [](const Story& story) { return story.hostile.kind != Hostile::kNone; }));
  const uint64_t most = kDrainTurnsMax + hostile * kHostileDrainTurns + drain_moving_turns_;
  if (drain_turns_ > most) verdict_->Fail("the drain took %lu turns", drain_turns_);
}

}  // namespace ringway::sim
