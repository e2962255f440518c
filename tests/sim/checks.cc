// SPDX-License-Identifier: Apache-2.0
//
// The sums.
#include "tests/sim/checks.h"

namespace ringway::sim {
namespace {

using base::BufferClass;

/// A capped receive may pass its credit by less than a buffer.
constexpr uint64_t kOverrunBytes = base::kBufferBytes[static_cast<size_t>(BufferClass::kBulk)];
/// What the handshake's single receive may bring beyond the head.
constexpr uint64_t kLeftoverBytes = base::kBufferBytes[static_cast<size_t>(BufferClass::kSmall)];
/// What the gateway itself puts into a session's queues: answers, pings, a Close.
constexpr uint64_t kOwnBytes = 4096;

}  // namespace

void Ledger::OnSessionEnd(const worker::SessionEnd& end) {
  ++ended;
  upgraded += end.upgraded ? 1 : 0;
  client_bytes_in += end.client_bytes_in;
  client_bytes_out += end.client_bytes_out;
  backend_bytes_in += end.backend_bytes_in;
  backend_bytes_out += end.backend_bytes_out;
  messages_in += end.messages_in;
  frames_out += end.frames_out;
  cut += end.cut ? 1 : 0;
  ++reasons[static_cast<size_t>(end.ending.reason)];
}

void Checks::Equal(uint64_t left, uint64_t right, const char* what) {
  if (left != right) verdict_->Fail("%s: %lu != %lu", what, left, right);
}

void Checks::AfterTurn() {
  kernel_->NoteReaped();
  Buffers();
  Slots();
  Counters();
}

// Every receive buffer is in exactly one place.
void Checks::Buffers() {
  const base::Arena& arena = worker_->arena();
  for (const BufferClass c : {BufferClass::kSmall, BufferClass::kBulk}) {
    const auto group = static_cast<uint16_t>(c);
    const uint32_t in_ring = kernel_->groups().Available(group);
    const uint32_t unread = kernel_->completions().unread_buffers(group);
    Equal(arena.leased(c) + in_ring + unread, arena.count(c),
          "leases out, buffers in the ring and in completions, against all");
  }
  if (worker_->links_open() > 0) return;
  for (size_t c = 0; c < base::kBufferClasses; ++c) {
    Equal(arena.leased(static_cast<BufferClass>(c)), 0, "leases out without a link");
  }
  Equal(worker_->queued_bytes(), 0, "bytes queued without a link");
}

void Checks::Slots() {
  const CompletionQueue& completions = kernel_->completions();
  Equal(
      worker_->links_open() + worker_->connections_parked() + completions.unread(Nature::kAccepted),
      kernel_->sockets_open(), "links open, parked and accepted sockets, against sockets");
  const uint64_t turned_away =
      worker_->counters().accept_errors.value() - completions.reaped(Nature::kAcceptFailed);
  Equal(worker_->sessions_open() + worker_->connections_parked() + ledger_->ended + turned_away,
        completions.reaped(Nature::kAccepted), "sessions, against accepted clients");
  if (kernel_->requests() > 2 * worker_->links_open() + kListeners + 1) {
    verdict_->Fail("%zu operations for %u links", kernel_->requests(), worker_->links_open());
  }
  const uint64_t per_session = 2 * (plan_->limits.window_bytes + kOverrunBytes + kLeftoverBytes);
  const uint64_t queued_max = worker_->sessions_open() * (per_session + kOwnBytes);
  if (plan_->caps_receives && worker_->queued_bytes() > queued_max) {
    verdict_->Fail("%lu bytes are queued, at most %lu may", worker_->queued_bytes(), queued_max);
  }
}

void Checks::Counters() {
  const base::Counters& counters = worker_->counters();
  const CompletionQueue& completions = kernel_->completions();
  Equal(counters.completions_stale.value(), completions.reaped(Nature::kGhost),
        "stale completions, against those that came too late");
  Equal(counters.completions_unexpected.value(), 0, "unexpected completions");
  Equal(counters.receives_starved.value(), completions.reaped(Nature::kStarved), "starved");
  Equal(counters.client_bytes_out.value() + counters.backend_bytes_out.value(),
        completions.reaped_bytes(Nature::kSent), "bytes out, against bytes taken");
  const uint64_t in = counters.client_bytes_in.value() + counters.backend_bytes_in.value();
  const uint64_t came = completions.reaped_bytes(Nature::kReceived);
  if (in > came || came - in > counters.bytes_discarded.value()) {
    verdict_->Fail("%lu bytes came, %lu are counted and %lu discarded", came, in,
                   counters.bytes_discarded.value());
  }
}

// Only while a story flows undisturbed: afterwards bytes are discarded, which nobody outside sees.
void Checks::Windows(std::vector<Pair>& pairs) {
  if (!plan_->caps_receives || plan_->weather != Weather::kSteady) return;
  const uint64_t most = plan_->limits.window_bytes + kOverrunBytes + kLeftoverBytes;
  for (Pair& pair : pairs) {
    Client& client = *pair.client;
    const Backend& backend = *pair.backend;
    const bool flows = client.connection() != nullptr && backend.connection() != nullptr &&
                       !client.connection()->broken && !backend.connection()->broken &&
                       !client.ended_writing() && !client.done() && !backend.done() &&
                       !client.reader().got_close() && pair.story->IsPolite();
    if (!flows) continue;
    const uint64_t up_out = backend.received() + backend.connection()->down.size();
    const uint64_t down_out = client.reader().payload_bytes() + client.connection()->down.size();
    if (client.PayloadTaken() > up_out + most) {
      verdict_->Fail("%lu bytes of a client are inside", client.PayloadTaken() - up_out);
    }
    if (backend.connection()->up.taken() > down_out + most) {
      verdict_->Fail("%lu bytes of a backend are inside",
                     backend.connection()->up.taken() - down_out);
    }
  }
}

void Checks::AtEnd() {
  const base::Counters& counters = worker_->counters();
  Equal(worker_->links_open(), 0, "links at the end");
  Equal(kernel_->requests(), 0, "operations with the kernel at the end");
  Equal(counters.sessions_opened.value(), counters.sessions_ended.value(), "sessions ended");
  Equal(counters.sessions_ended.value(), ledger_->upgraded, "sessions told");
  Equal(counters.client_bytes_in.value(), ledger_->client_bytes_in, "client bytes in, told");
  Equal(counters.client_bytes_out.value(), ledger_->client_bytes_out, "client bytes out, told");
  Equal(counters.backend_bytes_in.value(), ledger_->backend_bytes_in, "backend bytes in, told");
  Equal(counters.backend_bytes_out.value(), ledger_->backend_bytes_out, "backend bytes out, told");
  Equal(counters.messages_in.value(), ledger_->messages_in, "messages in, told");
  Equal(counters.frames_out.value(), ledger_->frames_out, "frames out, told");
  Equal(counters.dials.value(), kernel_->submitted(IORING_OP_CONNECT), "dials");
  Equal(counters.sends.value(),
        kernel_->submitted(IORING_OP_SEND) + kernel_->submitted(IORING_OP_SENDMSG), "sends");
  Endings();
}

// Each session that ended for a reason is counted once under it, and nothing else is.
void Checks::Endings() {
  using session::EndReason;
  const base::Counters& counters = worker_->counters();
  const auto told = [&](EndReason reason) { return ledger_->reasons[static_cast<size_t>(reason)]; };
  Equal(told(EndReason::kNone), 0, "sessions that ended without a reason");
  Equal(counters.handshakes_timed_out.value(), told(EndReason::kHandshakeTimeout), "408");
  Equal(counters.handshakes_abandoned.value(), told(EndReason::kAbandoned), "abandoned");
  Equal(counters.idle_timeouts.value(), told(EndReason::kIdle), "idle");
  Equal(counters.pong_timeouts.value(), told(EndReason::kPongTimeout), "no pong");
  Equal(counters.client_resets.value(), told(EndReason::kClientGone), "clients gone");
  Equal(counters.backend_resets.value(), told(EndReason::kBackendReset), "backends reset");
  if (counters.close_timeouts.value() > ledger_->cut) {
    verdict_->Fail("%lu closings were too long, %lu were cut", counters.close_timeouts.value(),
                   ledger_->cut);
  }
}

bool Checks::IsExcused(const Pair& pair) const {
  const Connection* near = pair.client->connection();
  const Server& door = pair.backend->door();
  const Connection* far = pair.backend->connection();
  if (far == nullptr && !door.waiting.empty()) far = door.waiting.front();
  const bool no_descriptor =
      plan_->faults.struck[static_cast<size_t>(Fault::k_socket_emfile)] > 0 &&
      pair.client->reader().status() == 502;
  return near->tainted || (far != nullptr && far->tainted) || no_descriptor || door.unreachable;
}

bool Checks::IsSettled(const Pair& pair, uint32_t index) {
  if (!pair.client->done()) return !pair.story->IsPolite() && pair.client->connection() != nullptr;
  if (!pair.story->IsPolite() || IsExcused(pair)) return true;
  const bool dialled = pair.client->reader().status() == 101;
  if (pair.client->saw_fin() && dialled && !pair.backend->done()) return false;
  if (plan_->weather == Weather::kSteady) Whole(pair, index);
  return true;
}

void Checks::Whole(const Pair& pair, uint32_t index) {
  const Story& story = *pair.story;
  const Client& client = *pair.client;
  const ServerReader& reader = client.reader();
  if (reader.status() != 101) {
    return verdict_->Fail("story %u: status %d", index, reader.status());
  }
  if (!client.saw_fin()) return verdict_->Fail("story %u: the client was reset", index);
  if (pair.backend->received() != client.payload_sent()) {
    return verdict_->Fail("story %u: the backend got %lu of %lu bytes", index,
                          pair.backend->received(), client.payload_sent());
  }
  if (reader.inside()) return verdict_->Fail("story %u: the stream ends inside a frame", index);
  const bool closes = story.client_ending != ClientEnding::kFin;
  if (closes && !reader.got_close()) return verdict_->Fail("story %u: no Close came", index);
  const bool own_code = reader.close_code() == client.close_sent_code();
  const bool backend_ended =
      story.backend_ending == BackendEnding::kHalfClose && reader.close_code() == 1000;
  if (closes && !own_code && !backend_ended) {
    return verdict_->Fail("story %u: Close %u for %u", index, reader.close_code(),
                          client.close_sent_code());
  }
  const bool whole = story.client_ending == ClientEnding::kCloseWhenWhole ||
                     story.client_ending == ClientEnding::kWait;
  if (whole && reader.payload_bytes() != story.down_bytes) {
    return verdict_->Fail("story %u: the client got %lu of %lu bytes", index,
                          reader.payload_bytes(), story.down_bytes);
  }
}

}  // namespace ringway::sim
