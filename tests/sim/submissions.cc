// SPDX-License-Identifier: Apache-2.0
//
// Each kind of entry.
#include "tests/sim/submissions.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

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

void GatherPieces(const msghdr& header, Request& request) {
  for (size_t i = 0; i < header.msg_iovlen; ++i) {
    const iovec& piece = header.msg_iov[i];
    request.pieces.push_back({static_cast<const uint8_t*>(piece.iov_base), piece.iov_len});
  }
}

}  // namespace

void Submissions::Submit(const io_uring_sqe& sqe) {
  ++tables_->submitted.all;
  ++tables_->submitted.of[sqe.opcode];
  RINGWAY_TRACE(around_.verdict, "worker: %s: %s on %d", InWords(sqe.user_data).c_str(),
                OpcodeInWords(sqe.opcode).c_str(), sqe.fd);
  if (sqe.opcode == IORING_OP_NOP) return tables_->completions.Post({.user_data = sqe.user_data});
  if (sqe.opcode == IORING_OP_ASYNC_CANCEL) return Cancel(sqe);
  Request request{.opcode = sqe.opcode, .fd = sqe.fd, .user_data = sqe.user_data};
  Descriptor* at = tables_->descriptors.Find(sqe.fd);
  tables_->watch.OnSubmission(sqe);
  if (at == nullptr) return tables_->in_flight.Finish(request, -EBADF, Nature::kOther);
  at->was_used = true;
  at->last_user_data = sqe.user_data;
  if (!Prepare(sqe, request)) return tables_->in_flight.Finish(request, -EINVAL, Nature::kOther);
  if (tables_->withholding.Strikes(sqe)) return tables_->withholding.Withhold(std::move(request));
  const bool receives = request.opcode == IORING_OP_RECV;
  if (receives && tables_->groups.Available(request.group) == 0) {
    // A buffer is chosen before the socket is looked at.
    return tables_->in_flight.Finish(request, -ENOBUFS, Nature::kStarved);
  }
  // A send that does not wait is over when it is submitted, and so it has no time to be late.
  if (request.waits && RINGWAY_STRIKES(around_.random, around_.faults, late)) {
    const uint64_t late = around_.clock.now_ns + around_.random.Below(kLateNsMax);
    request.not_before_ns = std::max(request.not_before_ns, late);
  }
  tables_->in_flight.all().push_back(std::move(request));
  operations_->Try(tables_->in_flight.all().back());
  if (tables_->in_flight.all().back().done) tables_->in_flight.all().pop_back();
}

bool Submissions::Prepare(const io_uring_sqe& sqe, Request& request) {
  switch (sqe.opcode) {
    case IORING_OP_ACCEPT:
      request.multishot = (sqe.ioprio & IORING_ACCEPT_MULTISHOT) != 0;
      return tables_->descriptors.Find(sqe.fd)->kind == DescriptorKind::kListening;
    case IORING_OP_CONNECT:
      PrepareConnect(sqe, request);
      return true;
    case IORING_OP_RECV:
      if ((sqe.flags & IOSQE_BUFFER_SELECT) == 0) return false;
      request.group = sqe.buf_group;
      request.multishot = (sqe.ioprio & IORING_RECV_MULTISHOT) != 0;
      if (sqe.len != 0) request.bytes_max = sqe.len;
      if (request.multishot && sqe.file_index != 0) {
        if (!tables_->options.features.Has(uring::Feature::kReceiveCap)) return false;
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
      return tables_->descriptors.Find(sqe.fd)->kind == DescriptorKind::kSocket;
    case IORING_OP_READ:
    case IORING_OP_READ_FIXED:
      request.out = {Pointer<uint8_t>(sqe.addr), sqe.len};
      request.offset = sqe.off;
      if (tables_->descriptors.Find(sqe.fd)->kind == DescriptorKind::kFile)
        files_->PrepareRead(sqe, request);
      return true;
    case IORING_OP_OPENAT2:
      return files_->PrepareOpen(sqe, request);
    default:
      around_.verdict.Fail("operation %u is none that this kernel knows", sqe.opcode);
      return false;
  }
}

void Submissions::PrepareConnect(const io_uring_sqe& sqe, Request& request) {
  std::memcpy(&request.address, Pointer<const void>(sqe.addr),
              std::min<size_t>(sqe.off, sizeof request.address));
  if (!tables_->watch.is_on()) return;
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
void Submissions::PrepareUnixConnect(Server& server, Request& request) {
  request.not_before_ns = 0;
  if (RINGWAY_STRIKES(around_.random, around_.faults, connect_refused)) {
    request.connect_result = -ECONNREFUSED;
  } else if (RINGWAY_STRIKES(around_.random, around_.faults, connect_backlog_full)) {
    request.connect_result = -EAGAIN;
  }
  if (request.connect_result != 0) server.unreachable = true;
}

void Submissions::Cancel(const io_uring_sqe& sqe) {
  const bool by_fd = (sqe.cancel_flags & IORING_ASYNC_CANCEL_FD) != 0;
  const bool all = (sqe.cancel_flags & IORING_ASYNC_CANCEL_ALL) != 0;
  // Either completion may come first.
  const bool first = RINGWAY_STRIKES(around_.random, around_.faults, reorder);
  int found = 0;
  bool raced = false;
  std::vector<size_t> targets;
  for (size_t i = 0; i < tables_->in_flight.all().size(); ++i) {
    const Request& one = tables_->in_flight.all()[i];
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
  const bool is_withheld = by_fd && tables_->withholding.Strikes(sqe);
  if (first && !is_withheld) tables_->completions.Post(completion);
  for (const size_t i : targets) raced |= !CancelOne(tables_->in_flight.all()[i]);
  if (is_withheld) {
    tables_->withholding.Withhold({.opcode = sqe.opcode, .fd = sqe.fd, .user_data = sqe.user_data});
  } else if (!first) {
    Completion last = completion;
    if (raced && !all) last.res = -EALREADY;
    tables_->completions.Post(last);
  }
  tables_->in_flight.EraseDone();
  if (Descriptor* at = by_fd ? tables_->descriptors.Find(sqe.fd) : nullptr; at != nullptr) {
    at->last_user_data = sqe.user_data;
    at->was_used = true;
  }
}

// False: the target was too far to be stopped.
bool Submissions::CancelOne(Request& request) {
  if (request.withheld) return false;
  if (RINGWAY_STRIKES(around_.random, around_.faults, cancel_races_success)) {
    request.not_before_ns = 0;
    operations_->Try(request);
    if (request.done) return false;
  }
  if (RINGWAY_STRIKES(around_.random, around_.faults, data_after_cancel)) {
    request.cancelled_at_ns = around_.clock.now_ns + around_.random.Below(kAfterCancelNsMax);
    return false;
  }
  tables_->in_flight.Finish(request, -ECANCELED, Nature::kOther);
  return true;
}

}  // namespace ringway::sim
