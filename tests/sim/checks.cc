// SPDX-License-Identifier: Apache-2.0
//
// The sums.
#include "tests/sim/checks.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gateway/base/ids.h"
#include "tests/sim/words.h"
#include "uring/user_data.h"

namespace ringway::sim {
namespace {

using base::BufferClass;

/// What a refusal for want of memory says.
constexpr uint16_t kUnavailable = 503;

/// A capped receive may pass its credit by less than a buffer.
constexpr uint64_t kOverrunBytes = base::kBufferBytes[static_cast<size_t>(BufferClass::kBulk)];
/// What the handshake's single receive may bring beyond the head.
constexpr uint64_t kLeftoverBytes = base::kBufferBytes[static_cast<size_t>(BufferClass::kSmall)];
/// What the gateway itself puts into a session's queues: answers, pings, a Close.
constexpr uint64_t kOwnBytes = 4096;
/// What of a file that is not in memory is read at a time.
constexpr uint64_t kPieceBytesMax = 256 * 1024;

}  // namespace

void Ledger::OnSessionEnd(const worker::SessionEnd& end) {
  ++ended;
  upgraded += end.upgraded ? 1 : 0;
  client_bytes_in += end.client_bytes_in;
  client_bytes_out += end.client_bytes_out;
  backend_bytes_in += end.backend_bytes_in;
  backend_bytes_out += end.backend_bytes_out;
  bytes_spliced += end.client_bytes_spliced + end.backend_bytes_spliced;
  messages_in += end.messages_in;
  frames_out += end.frames_out;
  cut += end.cut ? 1 : 0;
  ++reasons[static_cast<size_t>(end.ending.reason)];
  const bool is_refused =
      end.ending.reason == session::EndReason::kRefused && end.ending.code == kUnavailable;
  const bool is_exhausted = end.ending.reason == session::EndReason::kPoolExhausted;
  // The route's name is its story's number; without one nobody knows whose session it was.
  uint32_t story = 0;
  const std::string_view name = end.route;
  if (std::from_chars(name.data(), name.data() + name.size(), story).ec != std::errc()) return;
  if (is_refused || is_exhausted) out_of_memory.push_back(story);
}

void Checks::Equal(uint64_t left, uint64_t right, const char* what) {
  if (left != right) verdict_->Fail("%s: %lu != %lu", what, left, right);
}

void Checks::Between(uint64_t counted, uint64_t least, uint64_t more, const char* what) {
  if (counted >= least && counted <= least + more) return;
  verdict_->Fail("%s: %lu, told %lu and at most %lu more", what, counted, least, more);
}

void Checks::AfterTurn() {
  kernel_->completions.NoteReaped();
  Buffers();
  Slots();
  Counters();
}

// Every receive buffer is in exactly one place.
void Checks::Buffers() {
  const base::Arena& arena = worker_->arena();
  for (const BufferClass c : {BufferClass::kSmall, BufferClass::kBulk}) {
    const auto group = static_cast<uint16_t>(c);
    const uint32_t in_ring = kernel_->groups.Available(group);
    const uint32_t unread = kernel_->completions.unread_buffers(group);
    Equal(arena.leased(c) + in_ring + unread, arena.count(c),
          "leases out, buffers in the ring and in completions, against all");
  }
  // A session may outlive its links: the kernel still opens a file whose name it holds.
  if (worker_->links_open() > 0 || worker_->sessions_open() > 0) return;
  for (size_t c = 0; c < base::kBufferClasses; ++c) {
    if (static_cast<BufferClass>(c) == BufferClass::kLent) continue;  // what is remembered of files
    Equal(arena.leased(static_cast<BufferClass>(c)), 0, "leases out without a link");
  }
  Equal(worker_->queued_bytes(), 0, "bytes queued without a link");
}

void Checks::Slots() {
  const Completions& completions = kernel_->completions;
  Equal(
      worker_->links_open() + worker_->connections_parked() + completions.unread(Nature::kAccepted),
      kernel_->descriptors.sockets_open(),
      "links open, parked and accepted sockets, against sockets");
  const uint64_t turned_away =
      worker_->counters().accept_errors.value() - completions.reaped(Nature::kAcceptFailed);
  Equal(worker_->sessions_open() + worker_->connections_parked() + ledger_->ended + turned_away,
        completions.reaped(Nature::kAccepted), "sessions, against accepted clients");
  // Each link: one receive, one send, and a poll for bytes, for room and for the end. The disk may
  // still be busy for somebody who is gone.
  const uint64_t a_link = kernel_->submitted.of[IORING_OP_POLL_ADD] > 0 ? 5 : 2;
  if (kernel_->in_flight.count() - kernel_->in_flight.disk_count() >
      a_link * worker_->links_open() + kListeners + 1) {
    verdict_->Fail("%zu operations for %u links", kernel_->in_flight.count(),
                   worker_->links_open());
  }
  Pipes();
  const uint64_t per_session = 2 * (plan_->limits.window_bytes + kOverrunBytes + kLeftoverBytes);
  const uint64_t of_file =
      plan_->files.empty() ? 0 : plan_->limits.small_file_bytes_max + kPieceBytesMax;
  const uint64_t queued_max = worker_->sessions_open() * (per_session + of_file + kOwnBytes);
  if (plan_->caps_receives && worker_->queued_bytes() > queued_max) {
    verdict_->Fail("%lu bytes are queued, at most %lu may", worker_->queued_bytes(), queued_max);
  }
}

// A pipe that goes back to its pool is empty: what it held would reach another session.
void Checks::Pipes() {
  if (kernel_->descriptors.pipe_ends_open() > 2 * plan_->limits.pipes) {
    verdict_->Fail("%u ends of pipes are open, %u pipes may be",
                   kernel_->descriptors.pipe_ends_open(), plan_->limits.pipes);
  }
  if (worker_->links_open() == 0) {
    Equal(kernel_->descriptors.pipe_bytes(), 0, "bytes in pipes without a link");
  }
}

void Checks::Counters() {
  const base::Counters& counters = worker_->counters();
  const Completions& completions = kernel_->completions;
  Equal(counters.completions_stale.value(), completions.reaped(Nature::kGhost),
        "stale completions, against those that came too late");
  Equal(counters.completions_unexpected.value(), 0, "unexpected completions");
  Equal(counters.receives_starved.value(), completions.reaped(Nature::kStarved), "starved");
  const uint64_t directly =
      kernel_->moved.spliced_out + kernel_->moved.sent_ahead + kernel_->moved.sent_from_files;
  Equal(counters.client_bytes_out.value() + counters.backend_bytes_out.value(),
        completions.reaped_bytes(Nature::kSent) + directly, "bytes out, against bytes taken");
  Equal(counters.bytes_spliced.value(), kernel_->moved.spliced_in, "bytes spliced");
  const uint64_t in = counters.client_bytes_in.value() + counters.backend_bytes_in.value();
  const uint64_t came = completions.reaped_bytes(Nature::kReceived) + kernel_->moved.spliced_in;
  if (in > came || came - in > counters.bytes_discarded.value()) {
    verdict_->Fail("%lu bytes came, %lu are counted and %lu discarded", came, in,
                   counters.bytes_discarded.value());
  }
}

void Checks::Windows(const Casts& casts) {
  if (!plan_->caps_receives || plan_->weather != Weather::kSteady) return;
  ForEachClient(casts, [&](const Cast& cast, ClientEnd& client, size_t) { Window(cast, client); });
}

// Only while bytes flow undisturbed: afterwards they are discarded, which nobody outside sees.
void Checks::Window(const Cast& cast, ClientEnd& client) {
  // Who is to be told of the end by what never completes, does not know of it.
  if (MayNeverEnd(cast, client)) return;
  const BackendEnd* server = cast.ServerOf(client);
  const bool flows = client.connection() != nullptr && server != nullptr &&
                     server->connection() != nullptr && !client.connection()->broken &&
                     !server->connection()->broken && client.flows() && !client.done() &&
                     !server->done() && client.story().IsPolite();
  if (!flows) return;
  const uint64_t most = plan_->limits.window_bytes + kOverrunBytes + kLeftoverBytes +
                        kernel_->descriptors.pipe_bytes();
  const uint64_t up_out = server->received() + server->connection()->down.size();
  const uint64_t down_out = client.received() + client.connection()->down.size();
  if (client.Taken() > up_out + most) {
    verdict_->Fail("%lu bytes of a client are inside", client.Taken() - up_out);
  }
  if (server->Taken() > down_out + most) {
    verdict_->Fail("%lu bytes of a backend are inside", server->Taken() - down_out);
  }
}

// The session is known by its route alone, so it may be anybody's of the cast.
void Checks::Memory(const Casts& casts) {
  for (; looked_at_ < ledger_->out_of_memory.size(); ++looked_at_) {
    const Cast& cast = casts[ledger_->out_of_memory[looked_at_]];
    const bool is_owed = std::ranges::all_of(cast.clients(), [&](const ClientEnd* client) {
      return client->story().IsPolite() && !IsExcused(cast, *client);
    });
    if (plan_->weather != Weather::kSteady || cast.story().may_be_refused || !is_owed) continue;
    verdict_->Fail("story %u is ended for want of memory", cast.number());
  }
}

void Checks::GivenUp(const absl::Status& status) {
  const std::string message = status.ToString();
  // One is withheld in a run at most, so one session is left, and nothing else.
  if (kernel_->withholding.withheld().size() != 1) return verdict_->Fail("%s", message.c_str());
  Equal(worker_->sessions_open(), 1, "sessions that something keeps");
  const uint64_t user_data = kernel_->withholding.withheld().front();
  const auto id = uring::UserData::Unpack(user_data);
  const auto kind = static_cast<base::Operation>(id.kind);
  const bool is_open = kind == base::Operation::kOpenFile;
  Equal(worker_->links_open(), is_open ? 0 : 1, "links that something keeps");
  const std::string named = absl::StrCat("given back: ", base::NameOf(kind),
                                         is_open ? " for session " : " of link ", id.slot);
  if (absl::StrContains(message, named) && !absl::StrContains(message, ";")) return;
  verdict_->Fail("%s never completes, and the worker says: %s", InWords(user_data).c_str(),
                 message.c_str());
}

void Checks::AtEnd() {
  const base::Counters& counters = worker_->counters();
  Equal(worker_->links_open(), 0, "links at the end");
  Equal(kernel_->in_flight.count(), 0, "operations with the kernel at the end");
  Equal(counters.sessions_opened.value(), counters.sessions_ended.value(), "sessions ended");
  Equal(counters.sessions_ended.value(), ledger_->upgraded, "sessions told");
  Equal(counters.client_bytes_in.value(), ledger_->client_bytes_in, "client bytes in, told");
  Equal(counters.client_bytes_out.value(), ledger_->client_bytes_out, "client bytes out, told");
  Equal(counters.backend_bytes_in.value(), ledger_->backend_bytes_in, "backend bytes in, told");
  Equal(counters.backend_bytes_out.value(), ledger_->backend_bytes_out, "backend bytes out, told");
  Equal(counters.bytes_spliced.value(), ledger_->bytes_spliced, "bytes spliced, told");
  Equal(counters.messages_in.value(), ledger_->messages_in, "messages in, told");
  Equal(counters.frames_out.value(), ledger_->frames_out, "frames out, told");
  Equal(counters.dials.value(), kernel_->submitted.of[IORING_OP_CONNECT], "dials");
  Equal(counters.sends.value(),
        kernel_->submitted.of[IORING_OP_SEND] + kernel_->submitted.of[IORING_OP_SENDMSG], "sends");
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
  Equal(counters.pong_timeouts.value(), told(EndReason::kPongTimeout), "no pong");
  // A passage of which one stream has ended keeps that for its reason when the other one breaks or
  // idles.
  const uint64_t half = told(EndReason::kClientEnd) + told(EndReason::kBackendEnd);
  Between(counters.idle_timeouts.value(), told(EndReason::kIdle), half, "idle");
  Between(counters.client_resets.value(), told(EndReason::kClientGone), half, "clients gone");
  Between(counters.backend_resets.value(), told(EndReason::kBackendReset), half, "backends reset");
  if (counters.close_timeouts.value() > ledger_->cut) {
    verdict_->Fail("%lu closings were too long, %lu were cut", counters.close_timeouts.value(),
                   ledger_->cut);
  }
}

bool Checks::IsExcused(const Cast& cast, const ClientEnd& client) const {
  const bool is_static = client.story().mode == config::Mode::kStatic;
  // Where slots are short, who takes his time for a request makes room for others.
  const base::Counters& counters = worker_->counters();
  const bool asks_again = client.story().mode != config::Mode::kTcp;
  if (counters.half_open_evicted.value() + counters.resting_evicted.value() > 0 &&
      (asks_again || client.status() == 0)) {
    return true;
  }
  if (cast.IsTainted(client)) return true;
  const auto struck = [&](Fault fault) { return plan_->faults.struck[static_cast<size_t>(fault)]; };
  if (is_static) return struck(Fault::k_read_io_error) > 0;
  if (client.status() != 502) return false;
  // It may have used up the only address of its backend.
  return kernel_->withholding.WithholdsConnect() || struck(Fault::k_socket_emfile) > 0;
}

bool Checks::MayNeverEnd(const Cast& cast, const ClientEnd& client) const {
  const bool is_static = client.story().mode == config::Mode::kStatic;
  return cast.IsWithheld(client) ||
         (is_static && kernel_->withholding.Withholds(DescriptorKind::kFile));
}

bool Checks::AreSettled(const Casts& casts) {
  bool are_settled = true;
  ForEachClient(casts, [&](const Cast& cast, const ClientEnd& client, size_t) {
    are_settled &= IsSettled(cast, client);
  });
  return are_settled;
}

bool Checks::IsSettled(const Cast& cast, const ClientEnd& client) {
  if (!client.story().takes_part || MayNeverEnd(cast, client)) return true;
  if (!client.done()) return !client.story().IsPolite() && client.connection() != nullptr;
  if (!client.story().IsPolite() || IsExcused(cast, client)) return true;
  const BackendEnd* server = cast.ServerOf(client);
  const bool dialled = client.status() == 101 && server != nullptr;
  if (client.saw_fin() && dialled && !server->done()) return false;
  if (plan_->weather != Weather::kSteady) return true;
  const std::string missing = client.Missing();
  if (!missing.empty()) verdict_->Fail("%s: %s", cast.NameOf(client).c_str(), missing.c_str());
  return true;
}

}  // namespace ringway::sim
