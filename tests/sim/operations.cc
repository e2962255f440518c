// SPDX-License-Identifier: Apache-2.0
//
// Each kind of operation.
#include "tests/sim/operations.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tests/sim/words.h"

namespace ringway::sim {
namespace {

/// Linux: MULTISHOT_MAX_RETRY, then other sockets have their turn.
constexpr int kDeliveriesMax = 32;

size_t TotalBytes(const Request& request) {
  size_t total = 0;
  for (const auto piece : request.pieces) total += piece.size();
  return total;
}

}  // namespace

void Operations::Try(Request& request) {
  if (request.done || request.withheld) return;
  Descriptor* at = tables_->descriptors.Find(request.fd);
  if (at == nullptr) return Finish(request, -EBADF, Nature::kOther);
  const uint64_t now = around_.clock.now_ns;
  if (now >= request.cancelled_at_ns) return Finish(request, -ECANCELED, Nature::kOther);
  if (now < request.not_before_ns) return;
  switch (request.opcode) {
    case IORING_OP_ACCEPT:
      return TryAccept(request, *at->listening);
    case IORING_OP_CONNECT:
      return TryConnect(request, *at);
    case IORING_OP_READ:
    case IORING_OP_READ_FIXED:
      return TryRead(request, *at);
    case IORING_OP_OPENAT2:
      return files_->TryOpen(request);
    case IORING_OP_POLL_ADD:
      return TryPoll(request, *at);
    default:
      break;
  }
  if (at->connection == nullptr) return Finish(request, -ENOTCONN, Nature::kOther);
  if (RINGWAY_STRIKES(around_.random, around_.faults, reset)) at->connection->Break();
  if (request.opcode == IORING_OP_RECV) return TryReceive(request, *at->connection);
  TrySend(request, *at->connection);
}

int Operations::AcceptError(Server& server) {
  if (RINGWAY_STRIKES(around_.random, around_.faults, accept_emfile)) return -EMFILE;
  if (RINGWAY_STRIKES(around_.random, around_.faults, accept_enfile)) return -ENFILE;
  if (RINGWAY_STRIKES(around_.random, around_.faults, accept_enobufs)) return -ENOBUFS;
  if (RINGWAY_STRIKES(around_.random, around_.faults, accept_aborted)) {
    server.waiting.front()->Break();
    server.waiting.pop_front();
    return -ECONNABORTED;
  }
  return 0;
}

void Operations::TryAccept(Request& request, Server& server) {
  for (int i = 0; i < kDeliveriesMax && !server.waiting.empty(); ++i) {
    if (const int error = AcceptError(server); error != 0) {
      return Finish(request, error, Nature::kAcceptFailed);
    }
    Connection* connection = server.waiting.front();
    server.waiting.pop_front();
    const int fd = tables_->descriptors.OpenSocket(connection);
    connection->touched = true;
    const bool more = request.multishot && tables_->completions.HasRoom() &&
                      !RINGWAY_STRIKES(around_.random, around_.faults, accept_ends);
    request.done = !more;
    tables_->completions.Post({.user_data = request.user_data,
                               .res = fd,
                               .flags = more ? IORING_CQE_F_MORE : 0,
                               .nature = Nature::kAccepted});
    RINGWAY_TRACE(around_.verdict, "kernel: %s accepted %d", InWords(request.user_data).c_str(),
                  fd);
    if (!more) return;
  }
}

void Operations::TryConnect(Request& request, Descriptor& at) {
  const bool is_unix = request.address.ss_family == AF_UNIX;
  if (is_unix != (at.family == AF_UNIX)) {
    return Finish(request, is_unix ? -EAFNOSUPPORT : -EINVAL, Nature::kOther);
  }
  Server* server = around_.network.Find(request.address);
  if (request.connect_result != 0 || server == nullptr) {
    const int nobody = is_unix ? -ENOENT : -ECONNREFUSED;
    const int result = request.connect_result != 0 ? request.connect_result : nobody;
    return Finish(request, result, Nature::kOther);
  }
  at.connection = around_.network.Open(request.address);
  at.connection->accepted = at.connection->touched = true;
  if (server->receive_bytes > 0) at.connection->down = Pipe(server->receive_bytes);
  server->waiting.push_back(at.connection);
  Finish(request, 0, Nature::kOther);
}

void Operations::TryReceive(Request& request, Connection& connection) {
  for (int i = 0; i < kDeliveriesMax; ++i) {
    if (!Deliver(request, connection)) return;
  }
}

// One completion of a receive. False: no other can follow now.
bool Operations::Deliver(Request& request, Connection& connection) {
  const bool readable =
      connection.up.size() > 0 || connection.near_error || connection.broken || connection.up.fin;
  if (!readable) return false;
  const std::optional<uring::OfferedBuffer> buffer = tables_->groups.Front(request.group);
  if (!buffer || RINGWAY_STRIKES(around_.random, around_.faults, no_buffers)) {
    Finish(request, -ENOBUFS, Nature::kStarved);
    return false;
  }
  // The cap is looked at between buffers, not within one: so does Linux 6.18.
  size_t bytes = std::min<size_t>(buffer->bytes.size(), request.bytes_max);
  if (bytes > 1 && RINGWAY_STRIKES(around_.random, around_.faults, short_receive)) {
    bytes = 1 + around_.random.Below(bytes - 1);
  }
  const int got = connection.NearReceive(buffer->bytes.first(bytes));
  const bool with_buffer =
      got > 0 || (got == 0 && RINGWAY_STRIKES(around_.random, around_.faults, empty_buffer_at_end));
  if (!with_buffer) {
    Finish(request, got, Nature::kReceived);
    return false;
  }
  tables_->groups.Take(request.group);
  request.cap_left -= std::min(request.cap_left, static_cast<uint64_t>(got));
  const bool more = got > 0 && request.multishot && request.cap_left > 0 &&
                    tables_->completions.HasRoom() &&
                    !RINGWAY_STRIKES(around_.random, around_.faults, receive_ends);
  const uint32_t flags = uring::BufferFlags(buffer->index) | (more ? IORING_CQE_F_MORE : 0) |
                         (connection.up.size() > 0 ? IORING_CQE_F_SOCK_NONEMPTY : 0);
  tables_->completions.Post({.user_data = request.user_data,
                             .res = got,
                             .flags = flags,
                             .group = request.group,
                             .nature = Nature::kReceived});
  RINGWAY_TRACE(around_.verdict, "kernel: %s = %d in buffer %u/%u%s",
                InWords(request.user_data).c_str(), got, request.group, buffer->index,
                more ? "" : ", its last");
  request.done = !more;
  return more;
}

void Operations::TrySend(Request& request, Connection& connection) {
  // Sends of one socket leave in their order, but for those that do not wait.
  for (const Request& earlier : tables_->in_flight.all()) {
    if (&earlier == &request || !request.waits) break;
    if (!earlier.done && earlier.fd == request.fd && IsSend(earlier.opcode)) return;
  }
  if (RINGWAY_STRIKES(around_.random, around_.faults, epipe)) {
    connection.Break();
    connection.near_error = false;  // this send has been told
    return Finish(request, -EPIPE, Nature::kOther);
  }
  int result = connection.NearSendError();
  const size_t room = connection.down.room();
  if (result == 0 && room == 0 && !connection.far_closed) {
    connection.no_space = true;
    if (request.waits) return;
    tables_->descriptors.Find(request.fd)->lacks_room = true;
    return Finish(request, -EAGAIN, Nature::kOther);
  }
  if (result == 0 && !request.waits &&
      RINGWAY_STRIKES(around_.random, around_.faults, send_again)) {
    ++connection.out_wakes;  // Linux marks the socket then: what it lacked comes back with a wake
    tables_->descriptors.Find(request.fd)->lacks_room = true;
    return Finish(request, -EAGAIN, Nature::kOther);
  }
  const size_t total = TotalBytes(request);
  size_t left = std::min(total, connection.far_closed ? SIZE_MAX : room);
  if (left > 1 && RINGWAY_STRIKES(around_.random, around_.faults, short_send)) {
    left = 1 + around_.random.Below(left - 1);
    ++connection.out_wakes;  // Linux marks the socket then: room wakes a poll
  }
  for (auto piece = request.pieces.begin(); result >= 0 && piece != request.pieces.end(); ++piece) {
    const size_t bytes = std::min(left, piece->size());
    if (bytes == 0) break;
    connection.NearSend(piece->first(bytes));
    result += static_cast<int>(bytes);
    left -= bytes;
  }
  if (result >= 0 && static_cast<size_t>(result) < total) connection.NoteShortSend();
  if (request.opcode != IORING_OP_SEND_ZC) return Finish(request, result, Nature::kSent);
  tables_->completions.Post(
      {.user_data = request.user_data, .res = result, .flags = IORING_CQE_F_MORE});
  tables_->completions.Post({.user_data = request.user_data, .flags = IORING_CQE_F_NOTIF});
  request.done = true;
}

// What holds when it is armed is told at once; then a single one ends, and a multishot one tells
// of each wake that it hears: of bytes and of room only if it asked for them, of changes of state
// always.
void Operations::TryPoll(Request& request, Descriptor& at) {
  Connection* connection = at.connection;
  uint32_t mask = connection == nullptr ? POLLOUT | POLLHUP : connection->NearPoll();
  mask &= request.events;
  uint64_t wakes = 0;
  if (connection != nullptr) {
    wakes = connection->state_wakes + ((request.purpose & POLLIN) != 0 ? connection->in_wakes : 0) +
            ((request.purpose & POLLOUT) != 0 ? connection->out_wakes : 0);
  }
  const uint32_t asked = request.purpose & (POLLIN | POLLOUT);
  if (mask == 0 && asked != 0 && RINGWAY_STRIKES(around_.random, around_.faults, poll_spurious)) {
    mask = asked;
  } else if (request.multishot && request.told && wakes == request.wakes_seen) {
    return;
  }
  request.wakes_seen = wakes;
  request.told = true;
  if (mask == 0) return;
  if ((mask & (POLLOUT | POLLERR | POLLHUP)) != 0) at.lacks_room = false;
  const bool more = request.multishot && tables_->completions.HasRoom();
  request.done = !more;
  tables_->completions.Post({.user_data = request.user_data,
                             .res = static_cast<int>(mask),
                             .flags = more ? IORING_CQE_F_MORE : 0});
  RINGWAY_TRACE(around_.verdict, "kernel: %s = events %04x", InWords(request.user_data).c_str(),
                mask);
}

void Operations::TryRead(Request& request, Descriptor& at) {
  if (at.kind == DescriptorKind::kEvent) {
    if (at.event_count == 0) return;
    std::memcpy(request.out.data(), &at.event_count, sizeof at.event_count);
    at.event_count = 0;
    return Finish(request, sizeof at.event_count, Nature::kOther);
  }
  if (at.kind == DescriptorKind::kFile) return files_->TryRead(request, *at.file);
  around_.verdict.Fail("a read of descriptor %d, which is neither a file nor an event", request.fd);
  Finish(request, -EINVAL, Nature::kOther);
}

}  // namespace ringway::sim
