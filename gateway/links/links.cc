// SPDX-License-Identifier: Apache-2.0
//
// From a socket to the end of its last operation.
#include "gateway/links/links.h"

#include <cerrno>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "uring/user_data.h"

namespace ringway::links {

using base::kNoSlot;
using base::LinkId;
using base::Operation;

absl::StatusOr<std::unique_ptr<Links>> Links::Open(const Parts& parts) {
  auto stalled = base::Fifo<uint16_t>::Map(parts.limits.pipes + 1, "list of stalled pipes");
  if (!stalled.ok()) return stalled.status();
  std::unique_ptr<Links> links(new Links(parts, *std::move(stalled)));
  if (absl::Status status = links->receives_.Open(); !status.ok()) return status;
  return links;
}

Links::Links(const Parts& parts, base::Fifo<uint16_t> stalled)
    : core_{.ring = parts.ring,
            .stores = parts.stores,
            .counters = parts.counters,
            .limits = parts.limits,
            .now_ns = parts.now_ns,
            .memory = parts.memory,
            .sink = parts.sink},
      dialer_(parts.ring, parts.counters),
      receives_(core_, *this),
      sends_(core_, *this),
      splices_(core_, *this, std::move(stalled)),
      downloads_(core_, *this, parts.files) {}

uint32_t Links::TryOpen(int fd, Owner owner) {
  return core_.memory.links.TryOpen(
      Link{.fd = fd, .owner_index = owner.index, .owner_kind = owner.kind, .role = owner.role});
}

Dialled Links::Dial(Owner owner, const dial::Server& server, const base::SocketAddress* source) {
  const int fd = dialer_.OpenSocket(server, source);
  if (fd < 0) return {.outcome = dialer_.OnSocketError(fd), .error = fd};
  const uint32_t index = TryOpen(fd, owner);
  if (index == kNoSlot) {
    static_cast<void>(core_.ring.kernel().Close(fd));
    return {.outcome = dialer_.OnSocketError(-EMFILE), .error = -EMFILE};
  }
  Link& link = core_[index];
  link.connecting = true;
  ++link.in_flight;
  dialer_.Connect(core_.IdOf(index), fd, server);
  return {.link = index};
}

void Links::OnConnect(const io_uring_cqe& cqe, uint32_t index) {
  Link& link = core_[index];
  const dial::DialOutcome outcome = dialer_.OnCompletion(cqe);
  link.connecting = false;
  if (link.dropping) return;
  if (outcome != dial::DialOutcome::kConnected) Drop(index);
  core_.sink.OnDialled(link.owner(), outcome, cqe.res);
  receives_.Arm(index);
}

// A link lives until its last operation has ended, so a completion for one that is gone is a bug or
// a ghost; a buffer that it names is lost to the ring rather than guessed at.
void Links::OnCompletion(const io_uring_cqe& cqe, Operation operation, LinkId id) {
  Link* link = core_.memory.links.Find(id.slot, id.generation);
  if (link == nullptr) return core_.counters.completions_stale.Add(1);
  if ((cqe.flags & IORING_CQE_F_MORE) == 0) --link->in_flight;
  const bool was_dropping = link->dropping;
  switch (operation) {
    case Operation::kReceive:
      receives_.OnReceive(cqe, id.slot);
      break;
    case Operation::kSend:
      sends_.OnSend(cqe, id.slot);
      break;
    case Operation::kConnect:
      OnConnect(cqe, id.slot);
      break;
    case Operation::kEnd:
      receives_.OnStreamEnd(cqe, id.slot);
      break;
    case Operation::kReadable:
      splices_.OnReadable(id.slot);
      break;
    case Operation::kWritable:
      sends_.OnWritable(cqe, id.slot);
      break;
    case Operation::kReadFile:
      downloads_.OnFileRead(cqe, id.slot);
      break;
    default:  // kCancel says nothing that the operation itself does not say
      break;
  }
  // Nothing is submitted for a dropped link, so it comes here at zero once.
  if (was_dropping && link->in_flight == 0) core_.memory.dead.Push(id.slot);
}

void Links::Drop(uint32_t index) {
  Link& link = core_[index];
  if (link.dropping) return;
  link.dropping = true;
  splices_.Drop(index);
  core_.sink.OnDropped(link.owner(), index);
  if (link.in_flight == 0) return core_.memory.dead.Push(index);
  io_uring_sqe* sqe = core_.ring.NextEntry();
  io_uring_prep_cancel_fd(sqe, link.fd, IORING_ASYNC_CANCEL_ALL);
  const LinkId id = core_.IdOf(index);
  sqe->user_data = uring::UserData{.kind = static_cast<uint8_t>(Operation::kCancel),
                                   .generation = id.generation,
                                   .slot = id.slot}
                       .Pack();
  ++link.in_flight;
}

void Links::DropIfDone(uint32_t index) {
  const Link& link = core_[index];
  if (link.receive.ended && link.finished) Drop(index);
}

void Links::Resume(uint32_t index) {
  splices_.Resume(index);
  if (core_[index].paused) receives_.Arm(index);
}

bool Links::IsRead(uint32_t index) {
  const Link& link = core_[index];
  return link.receive.armed || link.splice.readable_armed;
}

void Links::Free(uint32_t index) {
  Link& link = core_[index];
  const Owner owner = link.owner();
  downloads_.Close(index);
  sends_.Discard(link);
  static_cast<void>(core_.ring.kernel().Close(link.fd));
  core_.memory.links.Close(index);
  core_.sink.OnFreed(owner);
}

bool Links::FreeDead() {
  base::Fifo<uint32_t>& dead = core_.memory.dead;
  // WHY not until it is empty: what is told now may drop more, and others have their turn first.
  const uint32_t count = dead.size();
  for (uint32_t i = 0; i < count; ++i) Free(dead.Pop());
  return count > 0;
}

void Links::BeginTurn() {
  core_.work_ns = 0;
  core_.received_in_turn = false;
}

void Links::EndTurn() {
  sends_.SendDue();
  receives_.EndTurn();
}

bool Links::HasWork() const {
  return !core_.memory.downloads_due.empty() || !core_.memory.waiting.empty() ||
         !core_.memory.dead.empty();
}

// Those with a name of their own, and what is in flight beside them: cancels.
std::string Links::OperationsOf(uint32_t index) {
  const Link& link = core_[index];
  std::vector<const char*> names;
  const auto add = [&](bool is_in_flight, Operation operation) {
    if (is_in_flight) names.push_back(NameOf(operation));
  };
  add(link.connecting, Operation::kConnect);
  add(link.receive.armed, Operation::kReceive);
  add(link.receive.watched, Operation::kEnd);
  add(link.send.in_flight, Operation::kSend);
  add(link.splice.readable_armed, Operation::kReadable);
  add(link.splice.writable_armed, Operation::kWritable);
  add(link.reads_file, Operation::kReadFile);
  add(link.in_flight > names.size(), Operation::kCancel);
  return absl::StrJoin(names, " and ");
}

void Links::Abandon() {
  base::Slab<Link>& links = core_.memory.links;
  for (uint32_t index = 0; index < links.touched(); ++index) {
    if (!links.IsOpen(index)) continue;
    downloads_.Close(index);
    static_cast<void>(core_.ring.kernel().Close(links[index].fd));
    links.Close(index);
  }
}

}  // namespace ringway::links
