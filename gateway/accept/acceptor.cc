// SPDX-License-Identifier: Apache-2.0
//
// Multishot accept, armed, paused and explained.
#include "gateway/accept/acceptor.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "gateway/base/ids.h"
#include "uring/user_data.h"

namespace ringway::accept {
namespace {

uint64_t UserData(base::Operation operation, uint32_t slot) {
  return uring::UserData{.kind = static_cast<uint8_t>(operation), .slot = slot}.Pack();
}

}  // namespace

Acceptor::Acceptor(uring::Ring& ring, base::Counters& counters,
                   std::span<const ListeningSocket> sockets)
    : ring_(&ring), counters_(&counters) {
  for (const ListeningSocket& socket : sockets) sockets_.push_back({.listening = socket});
}

void Acceptor::ArmOne(uint32_t slot, Shots shots) {
  Socket& socket = sockets_[slot];
  io_uring_sqe* sqe = ring_->NextEntry();
  constexpr int kFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;
  if (shots == Shots::kMany) {
    io_uring_prep_multishot_accept(sqe, socket.listening.fd, nullptr, nullptr, kFlags);
  } else {
    io_uring_prep_accept(sqe, socket.listening.fd, nullptr, nullptr, kFlags);
  }
  sqe->user_data = UserData(base::Operation::kAccept, slot);
  socket.armed = true;
  socket.shots = shots;
  socket.cancelling = false;
}

void Acceptor::Cancel(uint32_t slot) {
  Socket& socket = sockets_[slot];
  if (!socket.armed || socket.cancelling) return;
  io_uring_sqe* sqe = ring_->NextEntry();
  io_uring_prep_cancel64(sqe, UserData(base::Operation::kAccept, slot), 0);
  sqe->user_data = UserData(base::Operation::kCancelAccept, slot);
  socket.cancelling = true;
  ++cancels_in_flight_;
}

void Acceptor::Arm(uint32_t room) {
  if (stopped_) return;
  paused_ = false;
  // WHY the backlogs: what they hold may come in one turn, before a multishot accept is taken back.
  const Shots shots = room / kBacklog > sockets_.size() ? Shots::kMany : Shots::kOne;
  for (uint32_t slot = 0; slot < sockets_.size(); ++slot) {
    const Socket& socket = sockets_[slot];
    if (socket.armed && shots == Shots::kOne && socket.shots == Shots::kMany) Cancel(slot);
    if (!socket.armed && !socket.broken) ArmOne(slot, shots);
  }
}

void Acceptor::Pause() {
  paused_ = true;
  for (uint32_t slot = 0; slot < sockets_.size(); ++slot) Cancel(slot);
}

void Acceptor::Stop() {
  stopped_ = true;
  Pause();
}

uint32_t Acceptor::in_flight() const {
  const auto armed = std::count_if(sockets_.begin(), sockets_.end(),
                                   [](const Socket& socket) { return socket.armed; });
  return cancels_in_flight_ + static_cast<uint32_t>(armed);
}

Accepted Acceptor::OnCompletion(const io_uring_cqe& cqe, uint32_t slot) {
  Socket& socket = sockets_[slot];
  if ((cqe.flags & IORING_CQE_F_MORE) == 0) socket.armed = socket.cancelling = false;
  Accepted accepted{.listener_index = socket.listening.listener_index};
  if (cqe.res >= 0) {
    counters_->accepted.Add(1);
    accepted.outcome = AcceptOutcome::kConnected;
    accepted.fd = cqe.res;
    return accepted;
  }
  switch (-cqe.res) {
    case ECANCELED:
    case EINTR:
      return accepted;
    case ECONNABORTED:  // the client left while it waited in the backlog
    case EPROTO:
    case EPERM:  // a firewall rule refused it
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case EACCES:  // a security module refused it
    case EAGAIN:
      counters_->accept_errors.Add(1);
      return accepted;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      counters_->accept_errors.Add(1);
      accepted.outcome = AcceptOutcome::kExhausted;
      return accepted;
    default:
      counters_->accept_errors.Add(1);
      counters_->completions_unexpected.Add(1);
      socket.broken = true;
      accepted.outcome = AcceptOutcome::kBroken;
      return accepted;
  }
}

}  // namespace ringway::accept
