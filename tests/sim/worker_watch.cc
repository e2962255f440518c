// SPDX-License-Identifier: Apache-2.0
//
// What the worker has promised itself.
#include "tests/sim/worker_watch.h"

#include <poll.h>

#include <algorithm>

#include "tests/sim/words.h"

namespace ringway::sim {
namespace {

bool Overlap(std::span<const uint8_t> a, std::span<const uint8_t> b) {
  return a.data() < b.data() + b.size() && b.data() < a.data() + a.size();
}

}  // namespace

uint32_t PurposeOf(uint32_t poll_events) {
  const uint32_t purpose = poll_events & (POLLIN | POLLOUT);
  return purpose != 0 ? purpose : POLLRDHUP;
}

void WorkerWatch::OnSubmission(const io_uring_sqe& sqe) const {
  if (!is_on()) return;
  const Descriptor* at = descriptors_->Find(sqe.fd);
  if (at == nullptr) {
    around_.verdict.Fail("%s on descriptor %d, which is closed", OpcodeInWords(sqe.opcode).c_str(),
                         sqe.fd);
  }
  // Who tries again by himself burns a processor for as long as nobody reads.
  if (at != nullptr && at->lacks_room && IsSend(sqe.opcode)) {
    around_.verdict.Fail("a send on %d, which has told of no room since -EAGAIN", sqe.fd);
  }
  CheckAlone(sqe);
}

// One operation of a kind on a socket, each with a name.
void WorkerWatch::CheckAlone(const io_uring_sqe& sqe) const {
  // Many may open beneath one root, and read one file.
  const Descriptor* at = descriptors_->Find(sqe.fd);
  const bool shared = at != nullptr && at->kind == DescriptorKind::kFile;
  for (const Request& one : in_flight_->all()) {
    if (one.done) continue;
    if (one.user_data == sqe.user_data) {
      around_.verdict.Fail("two of %s are in flight", InWords(one.user_data).c_str());
    }
    const bool both_poll = one.opcode == IORING_OP_POLL_ADD && sqe.opcode == one.opcode;
    const bool same_kind =
        both_poll ? (one.purpose & PurposeOf(sqe.poll32_events)) != 0
                  : one.opcode == sqe.opcode || (IsSend(one.opcode) && IsSend(sqe.opcode));
    if (one.fd == sqe.fd && same_kind && !shared) {
      around_.verdict.Fail("a second %s on descriptor %d", OpcodeInWords(one.opcode).c_str(),
                           one.fd);
    }
  }
}

void WorkerWatch::OnOffered(std::span<const std::span<uint8_t>> offered) const {
  if (offered.empty() || !is_on()) return;
  for (const Request& request : in_flight_->all()) {
    for (const auto piece : request.pieces) {
      for (const auto one : offered) {
        if (!Overlap(piece, one)) continue;
        around_.verdict.Fail("a buffer was offered while a send on %d reads it", request.fd);
      }
    }
  }
}

void WorkerWatch::OnDirectBytes(int fd, uint8_t opcode) const {
  if (!is_on()) return;
  for (const Request& one : in_flight_->all()) {
    const bool same = opcode == IORING_OP_RECV ? one.opcode == opcode : IsSend(one.opcode);
    if (one.fd != fd || one.done || !same) continue;
    around_.verdict.Fail("bytes of descriptor %d are spliced beside operation %u on it", fd,
                         one.opcode);
  }
}

void WorkerWatch::OnFileSend(const File& file, uint64_t offset) const {
  if (!is_on() || file.ResidentFrom(offset) > 0) return;
  around_.verdict.Fail("a sendfile from %lu waits for the disk", offset);
}

void WorkerWatch::OnClose(int fd) const {
  const bool in_flight = std::ranges::any_of(in_flight_->all(), [&](const Request& request) {
    return request.fd == fd && !request.done && request.opcode != IORING_OP_ASYNC_CANCEL;
  });
  if (in_flight && is_on() && !ring_is_lost_) {
    around_.verdict.Fail("descriptor %d is closed while an operation on it is in flight", fd);
  }
}

}  // namespace ringway::sim
