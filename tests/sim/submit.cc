// SPDX-License-Identifier: Apache-2.0
//
// Taking submissions. Whatever an entry points to besides payload is read here and never again.
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tests/sim/sim_kernel.h"
#include "tests/sim/words.h"

namespace ringway::sim {
namespace {

constexpr uint64_t kLateNsMax = 2'000'000;
constexpr uint64_t kConnectNsMax = 3'000'000;
constexpr uint64_t kAfterCancelNsMax = 500'000;

template <typename T>
T* Pointer(uint64_t address) {
  return reinterpret_cast<T*>(address);
}

/// What a poll is for: bytes, room, or, if for neither, the end.
uint32_t PurposeOf(uint32_t events) {
  const uint32_t purpose = events & (POLLIN | POLLOUT);
  return purpose != 0 ? purpose : POLLRDHUP;
}

void GatherPieces(const msghdr& header, Request& request) {
  for (size_t i = 0; i < header.msg_iovlen; ++i) {
    const iovec& piece = header.msg_iov[i];
    request.pieces.push_back({static_cast<const uint8_t*>(piece.iov_base), piece.iov_len});
  }
}

}  // namespace

void SimKernel::Submit(const io_uring_sqe& sqe) {
  ++submissions_;
  ++submitted_[sqe.opcode];
  RINGWAY_TRACE(around_.verdict, "worker: %s: %s on %d", InWords(sqe.user_data).c_str(),
                OpcodeInWords(sqe.opcode).c_str(), sqe.fd);
  if (sqe.opcode == IORING_OP_NOP) return cq_.Post({.user_data = sqe.user_data});
  if (sqe.opcode == IORING_OP_ASYNC_CANCEL) return Cancel(sqe);
  Request request{.opcode = sqe.opcode, .fd = sqe.fd, .user_data = sqe.user_data};
  Descriptor* at = Find(sqe.fd);
  WatchSubmission(sqe, request);
  if (at == nullptr) return Finish(request, -EBADF, Nature::kOther);
  at->was_used = true;
  at->last_user_data = sqe.user_data;
  if (!Prepare(sqe, request)) return Finish(request, -EINVAL, Nature::kOther);
  if (Withholds(sqe)) return Withhold(std::move(request));
  const bool receives = request.opcode == IORING_OP_RECV;
  if (receives && groups_.Available(request.group) == 0) {
    // A buffer is chosen before the socket is looked at.
    return Finish(request, -ENOBUFS, Nature::kStarved);
  }
  // A send that does not wait is over when it is submitted, and so it has no time to be late.
  if (request.waits && RINGWAY_STRIKES(around_.random, around_.faults, late)) {
    const uint64_t late = around_.clock.now_ns + around_.random.Below(kLateNsMax);
    request.not_before_ns = std::max(request.not_before_ns, late);
  }
  requests_.push_back(std::move(request));
  Try(requests_.back());
  if (requests_.back().done) requests_.pop_back();
}

// What the worker has promised itself: one operation of a kind on a socket, each with a name.
void SimKernel::WatchSubmission(const io_uring_sqe& sqe, const Request& request) {
  if (options_.watch == Watch::kContract) return;
  if (Find(sqe.fd) == nullptr) {
    around_.verdict.Fail("%s on descriptor %d, which is closed", OpcodeInWords(sqe.opcode).c_str(),
                         sqe.fd);
  }
  const auto is_send = [](uint8_t opcode) {
    return opcode == IORING_OP_SEND || opcode == IORING_OP_SENDMSG;
  };
  // Many may open beneath one root, and read one file.
  const Descriptor* at = Find(sqe.fd);
  const bool shared = at != nullptr && at->kind == DescriptorKind::kFile;
  // Who tries again by himself burns a processor for as long as nobody reads.
  if (at != nullptr && at->lacks_room && is_send(sqe.opcode)) {
    around_.verdict.Fail("a send on %d, which has told of no room since -EAGAIN", sqe.fd);
  }
  for (const Request& one : requests_) {
    if (one.done) continue;
    if (one.user_data == request.user_data) {
      around_.verdict.Fail("two of %s are in flight", InWords(one.user_data).c_str());
    }
    const bool both_poll = one.opcode == IORING_OP_POLL_ADD && sqe.opcode == one.opcode;
    const bool same_kind =
        both_poll ? (one.purpose & PurposeOf(sqe.poll32_events)) != 0
                  : one.opcode == sqe.opcode || (is_send(one.opcode) && is_send(sqe.opcode));
    if (one.fd == request.fd && same_kind && !shared) {
      around_.verdict.Fail("a second %s on descriptor %d", OpcodeInWords(one.opcode).c_str(),
                           one.fd);
    }
  }
}

// Of what the worker can do without: not the accept that all come by, nor its own wake.
bool SimKernel::Withholds(const io_uring_sqe& sqe) {
  if (withhold_next_ == sqe.opcode) {
    withhold_next_.reset();
    return true;
  }
  const Descriptor* at = Find(sqe.fd);
  const bool may =
      at != nullptr && (at->kind == DescriptorKind::kSocket || at->kind == DescriptorKind::kFile);
  return may && withheld_.empty() && RINGWAY_STRIKES(around_.times, around_.faults, withheld);
}

void SimKernel::Withhold(Request request) {
  RINGWAY_TRACE(around_.verdict, "kernel: %s will never complete",
                InWords(request.user_data).c_str());
  request.withheld = true;
  withheld_.push_back(request.user_data);
  const Descriptor* at = Find(request.fd);
  if (at->connection != nullptr) at->connection->tainted = at->connection->withheld = true;
  requests_.push_back(std::move(request));
}

bool SimKernel::Prepare(const io_uring_sqe& sqe, Request& request) {
  switch (sqe.opcode) {
    case IORING_OP_ACCEPT:
      request.multishot = (sqe.ioprio & IORING_ACCEPT_MULTISHOT) != 0;
      return Find(sqe.fd)->kind == DescriptorKind::kListening;
    case IORING_OP_CONNECT:
      PrepareConnect(sqe, request);
      return true;
    case IORING_OP_RECV:
      if ((sqe.flags & IOSQE_BUFFER_SELECT) == 0) return false;
      request.group = sqe.buf_group;
      request.multishot = (sqe.ioprio & IORING_RECV_MULTISHOT) != 0;
      if (sqe.len != 0) request.bytes_max = sqe.len;
      if (request.multishot && sqe.file_index != 0) {
        if (!options_.features.Has(uring::Feature::kReceiveCap)) return false;
        request.cap_left = sqe.file_index;
      }
      return true;
    case IORING_OP_SEND:
    case IORING_OP_SEND_ZC:
      request.pieces.push_back({Pointer<const uint8_t>(sqe.addr), sqe.len});
      request.waits = (sqe.msg_flags & MSG_DONTWAIT) == 0;
      return true;
    case IORING_OP_SENDMSG:
      GatherPieces(*Pointer<const msghdr>(sqe.addr), request);
      request.waits = (sqe.msg_flags & MSG_DONTWAIT) == 0;
      return true;
    case IORING_OP_POLL_ADD:
      request.multishot = (sqe.len & IORING_POLL_ADD_MULTI) != 0;
      request.purpose = PurposeOf(sqe.poll32_events);
      // WHY more than was asked for: io_uring adds these, POLLRDHUP too. A wait for room in a
      // socket whose stream has ended completes at once, room or not.
      request.events = sqe.poll32_events | POLLERR | POLLHUP | POLLRDHUP;
      return Find(sqe.fd)->kind == DescriptorKind::kSocket;
    case IORING_OP_READ:
    case IORING_OP_READ_FIXED:
      request.out = {Pointer<uint8_t>(sqe.addr), sqe.len};
      request.offset = sqe.off;
      if (Find(sqe.fd)->kind == DescriptorKind::kFile) PrepareFileRead(sqe, request);
      return true;
    case IORING_OP_OPENAT2:
      return PrepareOpen(sqe, request);
    default:
      around_.verdict.Fail("operation %u is none that this kernel knows", sqe.opcode);
      return false;
  }
}

void SimKernel::PrepareConnect(const io_uring_sqe& sqe, Request& request) {
  std::memcpy(&request.address, Pointer<const void>(sqe.addr),
              std::min<size_t>(sqe.off, sizeof request.address));
  if (options_.watch == Watch::kContract) return;
  request.not_before_ns = around_.clock.now_ns + around_.random.Below(kConnectNsMax);
  Server* server = around_.network.Find(request.address);
  if (server == nullptr) return;  // refused in any case
  if (request.address.ss_family == AF_UNIX) return PrepareUnixConnect(*server, request);
  if (RINGWAY_STRIKES(around_.random, around_.faults, connect_refused)) {
    request.connect_result = -ECONNREFUSED;
  } else if (RINGWAY_STRIKES(around_.random, around_.faults, connect_timeout)) {
    request.connect_result = -ETIMEDOUT;
  } else if (RINGWAY_STRIKES(around_.random, around_.faults, connect_unreachable)) {
    request.connect_result = -EHOSTUNREACH;
  } else if (RINGWAY_STRIKES(around_.random, around_.faults, connect_silence)) {
    request.connect_result = -ETIMEDOUT;
    request.not_before_ns += 130'000'000'000;  // Linux gives up after so many seconds
  }
  if (request.connect_result != 0) server->unreachable = true;
}

// Nothing is on the way to a socket of this machine: it is there, refuses, or has no room.
void SimKernel::PrepareUnixConnect(Server& server, Request& request) {
  request.not_before_ns = 0;
  if (RINGWAY_STRIKES(around_.random, around_.faults, connect_refused)) {
    request.connect_result = -ECONNREFUSED;
  } else if (RINGWAY_STRIKES(around_.random, around_.faults, connect_backlog_full)) {
    request.connect_result = -EAGAIN;
  }
  if (request.connect_result != 0) server.unreachable = true;
}

void SimKernel::Cancel(const io_uring_sqe& sqe) {
  const bool by_fd = (sqe.cancel_flags & IORING_ASYNC_CANCEL_FD) != 0;
  const bool all = (sqe.cancel_flags & IORING_ASYNC_CANCEL_ALL) != 0;
  // Either completion may come first.
  const bool first = RINGWAY_STRIKES(around_.random, around_.faults, reorder);
  int found = 0;
  bool raced = false;
  std::vector<size_t> targets;
  for (size_t i = 0; i < requests_.size(); ++i) {
    const Request& one = requests_[i];
    // Nothing that opens has a file yet.
    const bool matches =
        by_fd ? one.fd == sqe.fd && one.opcode != IORING_OP_OPENAT2 : one.user_data == sqe.addr;
    if (one.done || !matches) continue;
    targets.push_back(i);
    if (!all) break;
  }
  found = static_cast<int>(targets.size());
  const Completion completion{.user_data = sqe.user_data,
                              .res = all ? found : (found > 0 ? 0 : -ENOENT)};
  const bool is_withheld = by_fd && Withholds(sqe);
  if (first && !is_withheld) cq_.Post(completion);
  for (const size_t i : targets) raced |= !CancelOne(requests_[i]);
  if (is_withheld) {
    Withhold({.opcode = sqe.opcode, .fd = sqe.fd, .user_data = sqe.user_data});
  } else if (!first) {
    Completion last = completion;
    if (raced && !all) last.res = -EALREADY;
    cq_.Post(last);
  }
  std::erase_if(requests_, [](const Request& request) { return request.done; });
  if (Descriptor* at = by_fd ? Find(sqe.fd) : nullptr; at != nullptr) {
    at->last_user_data = sqe.user_data;
    at->was_used = true;
  }
}

// False: the target was too far to be stopped.
bool SimKernel::CancelOne(Request& request) {
  if (request.withheld) return false;
  if (RINGWAY_STRIKES(around_.random, around_.faults, cancel_races_success)) {
    request.not_before_ns = 0;
    Try(request);
    if (request.done) return false;
  }
  if (RINGWAY_STRIKES(around_.random, around_.faults, data_after_cancel)) {
    request.cancelled_at_ns = around_.clock.now_ns + around_.random.Below(kAfterCancelNsMax);
    return false;
  }
  Finish(request, -ECANCELED, Nature::kOther);
  return true;
}

}  // namespace ringway::sim
