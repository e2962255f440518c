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

Sender::Sender(uring::Ring& ring, base::Arena& arena, flow::SlicePool& slices,
               base::Counters& counters)
    : ring_(&ring), arena_(&arena), slices_(&slices), counters_(&counters) {}

void Sender::Submit(base::LinkId id, int fd, SendState& state) {
  RINGWAY_CHECK(!state.in_flight && !state.broken && !state.queue.empty());
  const bool single = state.queue.slices() == 1;
  Gather* gather = single ? nullptr : &gathers_.Take(*ring_);
  io_uring_sqe* sqe = ring_->NextEntry();
  if (single) {
    state.queue.TakeFront(*slices_, [&](uint8_t* data, uint32_t bytes) {
      io_uring_prep_send(sqe, fd, data, bytes, MSG_NOSIGNAL);
      return true;
    });
  } else {
    uint32_t count = 0;
    uint32_t total = 0;
    state.queue.TakeFront(*slices_, [&](uint8_t* data, uint32_t bytes) {
      if (count == kSlicesPerSendMax || (count > 0 && total + bytes > kBytesPerSendMax))
        return false;
      gather->pieces[count++] = {.iov_base = data, .iov_len = bytes};
      total += bytes;
      return true;
    });
    gather->header = {.msg_iov = gather->pieces, .msg_iovlen = count};
    io_uring_prep_sendmsg(sqe, fd, &gather->header, MSG_NOSIGNAL);
  }
  sqe->user_data = uring::UserData{.kind = static_cast<uint8_t>(base::Operation::kSend),
                                   .generation = id.generation,
                                   .slot = id.slot}
                       .Pack();
  state.in_flight = true;
  counters_->sends.Add(1);
}

flow::Returned Sender::SendAhead(int fd, SendState& state) {
  RINGWAY_CHECK(!state.in_flight && !state.broken && !state.queue.empty());
  flow::Returned all;
  int sent = 1;
  while (sent > 0 && !state.queue.empty()) {
    bool is_first = true;
    state.queue.TakeFront(*slices_, [&](const uint8_t* data, uint32_t bytes) {
      if (!std::exchange(is_first, false)) return false;
      sent = ring_->kernel().SendAhead(fd, {data, bytes});
      return true;
    });
    all += state.queue.OnSent(*slices_, *arena_, static_cast<uint32_t>(std::max(sent, 0)));
  }
  return all;
}

Sent Sender::OnCompletion(const io_uring_cqe& cqe, SendState& state) {
  state.in_flight = false;
  Sent sent;
  if (cqe.res >= 0) {
    const uint32_t slices_before = state.queue.in_flight();
    const uint32_t left_before = state.queue.slices();
    sent.outcome = SendOutcome::kSent;
    sent.returned = state.queue.OnSent(*slices_, *arena_, static_cast<uint32_t>(cqe.res));
    if (left_before - state.queue.slices() < slices_before) counters_->sends_short.Add(1);
    return sent;
  }
  sent.returned = state.queue.OnSent(*slices_, *arena_, 0);
  switch (-cqe.res) {
    case ECANCELED:
    case EINTR:  // interrupted by a cancel before a byte was taken
    case EAGAIN:
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
