// SPDX-License-Identifier: Apache-2.0
//
// Who has to move, and who did not.
#include "tests/sim/progress.h"

#include <algorithm>

namespace ringway::sim {
namespace {

using base::BufferClass;

/// A cancel and a new arming take two; the rest is for what shares a turn with others.
constexpr uint32_t kStillTurnsMax = 8;

/// Or so long, however few turns it is: who sleeps while somebody waits has forgotten him. Far more
/// than a fault delays an operation.
constexpr uint64_t kStillNsMax = 100'000'000;

/// Each of them may keep a session that has done nothing wrong from its next turn's bytes.
constexpr Fault kDelays[] = {
    Fault::k_no_buffers,      Fault::k_partial_submit,    Fault::k_no_memory,
    Fault::k_poll_spurious,   Fault::k_data_after_cancel, Fault::k_cancel_races_success,
    Fault::k_splice_in_again, Fault::k_splice_out_again,  Fault::k_ahead_again,
    Fault::k_send_again,
};

/// Open in both directions, as far as each end and the gateway have said.
bool IsOpen(const Connection* connection) {
  return connection != nullptr && connection->accepted && !connection->near_closed &&
         !connection->near_shut && !connection->far_closed && !connection->broken &&
         !connection->up.fin && !connection->fin_waits && !connection->tainted;
}

bool Flows(const ClientEnd& client, const BackendEnd* server) {
  return client.story().IsPolite() && client.story().mode != config::Mode::kStatic &&
         server != nullptr && IsOpen(client.connection()) && IsOpen(server->connection()) &&
         client.status() == 101 && client.flows() && !client.done() && !server->done();
}

}  // namespace

void Progress::AfterTurn(const Casts& casts) {
  if (plan_->weather != Weather::kSteady) return;
  is_excused_ = IsExcusedTurn();
  ForEachClient(casts, [&](const Cast& cast, ClientEnd& client, size_t place) {
    if (place == still_.size()) still_.emplace_back();
    LookAt(cast, client, still_[place]);
  });
}

void Progress::LookAt(const Cast& cast, ClientEnd& client, Stills& still) const {
  LookAtFirstBytes(cast, client, still.first);
  const BackendEnd* server = cast.ServerOf(client);
  if (!Flows(client, server)) {
    still.up = still.down = {};
    return;
  }
  const Connection* near = client.connection();
  const Connection* far = server->connection();
  LookAtFlow(cast, client,
             {.name = "client",
              .source = near,
              .target = far,
              .taken = client.Taken(),
              .delivered = server->received() + far->down.size()},
             still.up);
  // What is on its way to a client is frames, whose payload nobody knows before they are read.
  const bool is_read = near->down.size() == 0;
  LookAtFlow(cast, client,
             {.name = "backend",
              .source = far,
              .target = near,
              .taken = server->Taken(),
              .delivered = is_read ? client.received() : 0},
             still.down);
}

// A turn of a fault is nobody's fault. Nor is one in which a receive found no buffer, unless that
// is because many are kept: then somebody has taken what belongs to all.
bool Progress::IsExcusedTurn() {
  uint64_t delays = 0;
  for (const Fault fault : kDelays) delays += plan_->faults.struck[static_cast<size_t>(fault)];
  const uint64_t starved =
      kernel_->completions.reaped(Nature::kStarved) + kernel_->completions.unread(Nature::kStarved);
  const base::Arena& arena = worker_->arena();
  const bool are_kept = 4 * arena.leased(BufferClass::kSmall) > arena.count(BufferClass::kSmall);
  const bool is_excused = delays != delays_ || (starved != starved_ && !are_kept);
  delays_ = delays;
  starved_ = starved;
  return is_excused;
}

bool Progress::MustMove(const Direction& direction) const {
  return direction.source->up.size() > 0 && direction.target->down.is_writable() &&
         direction.source->down.is_writable() && direction.taken <= direction.delivered &&
         !kernel_->in_flight.IsHeldBack(direction.source) &&
         !kernel_->in_flight.IsHeldBack(direction.target);
}

// Somebody has a slot, has said something, and nothing was done for him yet.
bool Progress::AwaitsFirstRead(const ClientEnd& client) const {
  const Connection* near = client.connection();
  return client.story().IsPolite() && IsOpen(near) && near->up.taken() == 0 &&
         near->up.size() > 0 && worker_->connections_parked() == 0 &&
         kernel_->completions.unread(Nature::kAccepted) == 0 &&
         !kernel_->in_flight.IsHeldBack(near);
}

void Progress::LookAtFirstBytes(const Cast& cast, const ClientEnd& client, Still& still) const {
  if (!AwaitsFirstRead(client)) {
    still = {};
  } else if (StandsTooLong(still)) {
    verdict_->Fail("%s: its first bytes are not read for %u turns and %lu us",
                   cast.NameOf(client).c_str(), still.turns,
                   (clock_->now_ns - still.since_ns) / 1000);
  }
}

bool Progress::StandsTooLong(Still& still) const {
  const uint64_t now = clock_->now_ns;
  if (is_excused_ || still.turns == 0) still.since_ns = now;
  if (!is_excused_) ++still.turns;
  return still.turns > kStillTurnsMax || now - still.since_ns > kStillNsMax;
}

void Progress::LookAtFlow(const Cast& cast, const ClientEnd& client, const Direction& direction,
                          Still& still) const {
  const uint64_t taken = direction.source->up.taken();
  if (taken != still.taken || !MustMove(direction)) {
    still = {.taken = taken};
  } else if (StandsTooLong(still)) {
    verdict_->Fail(
        "%s: its %s is not read for %u turns and %lu us: %zu bytes wait, nothing is between, "
        "%lu bytes are queued in all",
        cast.NameOf(client).c_str(), direction.name, still.turns,
        (clock_->now_ns - still.since_ns) / 1000, direction.source->up.size(),
        worker_->queued_bytes());
  }
}

}  // namespace ringway::sim
