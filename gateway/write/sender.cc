// SPDX-License-Identifier: Apache-2.0
//
// One send for everything due, and what its completion gives back.
#include "gateway/write/sender.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "uring/user_data.h"

namespace ringway::write {

namespace {

constexpr int kFlags = MSG_NOSIGNAL | MSG_DONTWAIT;

}  // namespace

Sender::Sender(uring::Ring& ring, flow::Stores& stores, base::Counters& counters)
    : ring_(&ring), stores_(&stores), counters_(&counters) {}

void Sender::Submit(base::LinkId id, int fd, SendState& state) {
  RINGWAY_CHECK(!state.in_flight && !state.broken && !state.full && !state.queue.empty());
  const bool single = state.queue.slices() == 1;
  Gather* gather = single ? nullptr : &gathers_.Take(*ring_);
  io_uring_sqe* sqe = ring_->NextEntry();
  if (single) {
    state.queue.TakeFront(stores_->slices(), [&](uint8_t* data, uint32_t bytes) {
      io_uring_prep_send(sqe, fd, data, bytes, kFlags);
      return true;
    });
  } else {
    uint32_t count = 0;
    uint32_t total = 0;
    state.queue.TakeFront(stores_->slices(), [&](uint8_t* data, uint32_t bytes) {
      if (count == kSlicesPerSendMax || (count > 0 && total + bytes > kBytesPerSendMax))
        return false;
      gather->pieces[count++] = {.iov_base = data, .iov_len = bytes};
      total += bytes;
      return true;
    });
    gather->header = {.msg_iov = gather->pieces, .msg_iovlen = count};
    io_uring_prep_sendmsg(sqe, fd, &gather->header, kFlags);
  }
  sqe->user_data = uring::UserData{.kind = static_cast<uint8_t>(base::Operation::kSend),
                                   .generation = id.generation,
                                   .slot = id.slot}
                       .Pack();
  state.in_flight = true;
  counters_->sends.Add(1);
}

uint32_t Sender::SendAhead(int fd, uint32_t session, SendState& state) {
  RINGWAY_CHECK(!state.in_flight && !state.broken && !state.full && !state.queue.empty());
  uint32_t all = 0;
  int sent = 1;
  while (sent > 0 && !state.queue.empty()) {
    bool is_first = true;
    state.queue.TakeFront(stores_->slices(), [&](const uint8_t* data, uint32_t bytes) {
      if (!std::exchange(is_first, false)) return false;
      sent = ring_->kernel().SendAhead(fd, {data, bytes});
      return true;
    });
    const auto taken = static_cast<uint32_t>(std::max(sent, 0));
    state.queue.OnSent(*stores_, session, taken);
    all += taken;
  }
  return all;
}

Sent Sender::OnCompletion(const io_uring_cqe& cqe, uint32_t session, SendState& state) {
  state.in_flight = false;
  Sent sent{.bytes = static_cast<uint32_t>(std::max(cqe.res, 0))};
  state.queue.OnSent(*stores_, session, sent.bytes);
  if (cqe.res >= 0) {
    // WHY no second try: Linux takes less than all only behind the mark that makes room wake a poll
    // (SOCK_NOSPACE), be it armed already.
    sent.outcome = state.queue.stalls() ? SendOutcome::kFull : SendOutcome::kSent;
    if (state.queue.stalls()) counters_->sends_short.Add(1);
    state.full = state.queue.stalls();
    return sent;
  }
  switch (-cqe.res) {
    case EAGAIN:
      counters_->sends_full.Add(1);
      sent.outcome = SendOutcome::kFull;
      state.full = true;
      return sent;
    case ECANCELED:
    case EINTR:  // interrupted by a cancel before a byte was taken
      sent.outcome = SendOutcome::kCancelled;
      return sent;
    case EPIPE:  // the other end has closed, or we shut our side down
      sent.outcome = SendOutcome::kReset;
      break;
    case ECONNRESET:
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
      state.reset = true;
      sent.outcome = SendOutcome::kReset;
      break;
    default:
      sent.outcome = SendOutcome::kUnexpected;
      counters_->completions_unexpected.Add(1);
  }
  state.broken = true;
  return sent;
}

}  // namespace ringway::write
