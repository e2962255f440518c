// SPDX-License-Identifier: Apache-2.0
//
// Arming, completing, promoting.
#include "gateway/read/receiver.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "uring/abi.h"
#include "uring/user_data.h"

namespace ringway::read {
namespace {

using base::BufferClass;
using base::kBufferBytes;

constexpr uint32_t kSmallBytes = kBufferBytes[static_cast<size_t>(BufferClass::kSmall)];

/// Full small buffers in a row before a link gets bulk ones: a message of 8 KiB fills two.
constexpr uint8_t kPromoteAfter = 3;
/// Receives in a row that a small buffer would have held before a link gets small ones again. More
/// than for promotion: a bulk stream's tail is often short.
constexpr uint8_t kDemoteAfter = 16;

constexpr uint16_t Group(BufferClass c) { return static_cast<uint16_t>(c); }

uint64_t UserData(base::Operation operation, base::LinkId id) {
  return uring::UserData{
      .kind = static_cast<uint8_t>(operation), .generation = id.generation, .slot = id.slot}
      .Pack();
}

}  // namespace

Receiver::Receiver(uring::Ring& ring, base::Arena& arena, base::Counters& counters,
                   uring::BufferRing small, uring::BufferRing bulk)
    : ring_(&ring),
      arena_(&arena),
      counters_(&counters),
      small_(std::move(small)),
      bulk_(std::move(bulk)),
      caps_receives_(ring.features().Has(uring::Feature::kReceiveCap)) {
  Replenish();
}

absl::StatusOr<Receiver> Receiver::Open(uring::Ring& ring, base::Arena& arena,
                                        base::Counters& counters) {
  auto small = uring::BufferRing::Register(ring.kernel(), Group(BufferClass::kSmall),
                                           arena.count(BufferClass::kSmall));
  if (!small.ok()) return small.status();
  auto bulk = uring::BufferRing::Register(ring.kernel(), Group(BufferClass::kBulk),
                                          arena.count(BufferClass::kBulk));
  if (!bulk.ok()) return bulk.status();
  return Receiver(ring, arena, counters, *std::move(small), *std::move(bulk));
}

void Receiver::Arm(base::LinkId id, int fd, const Arming& arming, ReceiveState& state) {
  io_uring_sqe* sqe = ring_->NextEntry();
  state.multishot = arming.mode == ReceiveMode::kMultishot;
  if (state.multishot) {
    io_uring_prep_recv_multishot(sqe, fd, nullptr, 0, 0);
    if (caps_receives_) uring::SetReceiveCap(*sqe, arming.bytes);
  } else {
    const uint32_t buffer = kBufferBytes[static_cast<size_t>(arming.buffer_class)];
    io_uring_prep_recv(sqe, fd, nullptr, std::min(arming.bytes, buffer), 0);
  }
  state.armed_class = arming.buffer_class;
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->buf_group = Group(state.armed_class);
  sqe->user_data = UserData(base::Operation::kReceive, id);
  state.armed = true;
  state.cancelling = false;
}

// WHY multishot and POLLRDHUP alone: on Linux 6.18 it tells of a FIN once and of a reset always,
// and of nothing else; a FIN that stands behind more than fits into our socket waits with the
// sender and is not seen, which TCP keepalive on the listening sockets stands in for.
bool Receiver::WatchEnd(base::LinkId id, int fd, ReceiveState& state) {
  if (state.watched || state.saw_fin || state.ended) return false;
  io_uring_sqe* sqe = ring_->NextEntry();
  io_uring_prep_poll_multishot(sqe, fd, POLLRDHUP);
  sqe->user_data = UserData(base::Operation::kEnd, id);
  state.watched = true;
  return true;
}

WatchOutcome Receiver::OnWatched(const io_uring_cqe& cqe, ReceiveState& state) {
  if ((cqe.flags & IORING_CQE_F_MORE) == 0) state.watched = false;
  if (cqe.res < 0) {
    if (cqe.res != -ECANCELED && cqe.res != -EINTR) counters_->completions_unexpected.Add(1);
    return WatchOutcome::kNothing;
  }
  if ((cqe.res & (POLLERR | POLLHUP)) != 0) return WatchOutcome::kBroken;
  if ((cqe.res & POLLRDHUP) == 0) return WatchOutcome::kNothing;
  state.saw_fin = true;
  return WatchOutcome::kFin;
}

bool Receiver::Cancel(base::LinkId id, ReceiveState& state) {
  if (!state.armed || state.cancelling) return false;
  io_uring_sqe* sqe = ring_->NextEntry();
  io_uring_prep_cancel64(sqe, UserData(base::Operation::kReceive, id), 0);
  sqe->user_data = UserData(base::Operation::kCancel, id);
  state.cancelling = true;
  return true;
}

// A class counts its streak only against itself, so one odd receive starts the count anew.
void Receiver::ChooseClass(uint32_t bytes, ReceiveState& state) {
  const bool small = state.buffer_class == BufferClass::kSmall;
  const bool asks_for_other = small ? bytes == kSmallBytes : bytes <= kSmallBytes;
  if (!asks_for_other) {
    state.streak = 0;
    return;
  }
  if (++state.streak < (small ? kPromoteAfter : kDemoteAfter)) return;
  state.streak = 0;
  state.buffer_class = small ? BufferClass::kBulk : BufferClass::kSmall;
}

Received Receiver::OnBytes(const io_uring_cqe& cqe, ReceiveState& state) {
  // WHY armed_class: a completion does not name the group of its buffer, and a change of class
  // takes effect only when the receive is armed again.
  Received received{.outcome = ReceiveOutcome::kBytes,
                    .lease = arena_->Receive(state.armed_class, uring::BufferIndex(cqe.flags)),
                    .bytes = static_cast<uint32_t>(cqe.res)};
  ChooseClass(received.bytes, state);
  return received;
}

Received Receiver::OnCompletion(const io_uring_cqe& cqe, ReceiveState& state) {
  if ((cqe.flags & IORING_CQE_F_MORE) == 0) state.armed = state.cancelling = false;
  if (cqe.res > 0) return OnBytes(cqe, state);
  Received received;
  if ((cqe.flags & IORING_CQE_F_BUFFER) != 0) {
    // A buffer came with no bytes in it (seen with a FIN): it goes back at once.
    arena_->Receive(state.armed_class, uring::BufferIndex(cqe.flags)).Return();
  }
  switch (-cqe.res) {
    case 0:
      received.outcome = ReceiveOutcome::kFin;
      state.ended = true;
      break;
    case ENOBUFS:
      received.outcome = ReceiveOutcome::kStarved;
      counters_->receives_starved.Add(1);
      break;
    case ECANCELED:
    case EINTR:  // the operation was interrupted by a cancel
      received.outcome = ReceiveOutcome::kCancelled;
      break;
    case ECONNRESET:
    case ETIMEDOUT:     // keepalive or retransmission gave up
    case EHOSTUNREACH:  // an ICMP error reached the connection
    case ENETUNREACH:
    case ENETDOWN:
    case EPIPE:
    case ECONNABORTED:
      received.outcome = ReceiveOutcome::kReset;
      state.ended = true;
      break;
    default:
      received.outcome = ReceiveOutcome::kUnexpected;
      counters_->completions_unexpected.Add(1);
      state.ended = true;
  }
  return received;
}

void Receiver::Replenish() {
  for (uring::BufferRing* buffers : {&small_, &bulk_}) {
    const auto c = static_cast<BufferClass>(buffers->group());
    const uint32_t bytes = kBufferBytes[buffers->group()];
    for (uint32_t index = arena_->PopReturned(c); index != base::Arena::kNone;
         index = arena_->PopReturned(c)) {
      buffers->Add(arena_->Data(arena_->IdOf(c, index)), bytes, static_cast<uint16_t>(index));
    }
    buffers->Publish();
  }
}

}  // namespace ringway::read
