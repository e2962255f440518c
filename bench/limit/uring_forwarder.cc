// SPDX-License-Identifier: Apache-2.0
//
// The turn of the bare io_uring forwarder and what each completion leads to.
#include "bench/limit/uring_forwarder.h"

#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

namespace ringway::limit {
namespace {

/// A turn submits at most one send per socket and some re-arms; a full queue only means one more
/// system call. The completion queue must hold a burst of every armed receive.
constexpr unsigned kSubmissions = 4096;
constexpr unsigned kCompletions = 32768;
/// Pieces joined in one send.
constexpr size_t kPiecesPerSend = 64;
/// Operations are packed into the low bits of a Link's address.
constexpr uint64_t kOperationMask = 7;

}  // namespace

UringForwarder::~UringForwarder() {
  if (ring_open_) io_uring_queue_exit(&ring_);
}

absl::Status UringForwarder::Open(const Options& options) {
  target_ = options.target;
  io_uring_params params = {};
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE |
                 IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CLAMP;
  params.cq_entries = kCompletions;
  int result = io_uring_queue_init_params(kSubmissions, &ring_, &params);
  if (result < 0) return absl::ErrnoToStatus(-result, "io_uring_setup");
  ring_open_ = true;
  result = io_uring_register_ring_fd(&ring_);
  if (result < 0) return absl::ErrnoToStatus(-result, "registering the ring's descriptor");

  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  const auto table = static_cast<unsigned>(std::min<rlim_t>(limit.rlim_cur, 1U << 20));
  result = io_uring_register_files_sparse(&ring_, table);
  if (result < 0) return absl::ErrnoToStatus(-result, "registering a table of descriptors");
  for (int group = 0; group < 2; ++group) {
    absl::Status status = pools_[group].Open(ring_, group, options.buffers, options.buffer_bytes);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

void UringForwarder::Run(int listener, int stop) {
  ArmAccept(listener);
  io_uring_sqe* sqe = NextSqe();
  io_uring_prep_poll_add(sqe, stop, POLLIN);
  Tag(sqe, kStop, nullptr);
  while (!stopping_) {
    const int result = io_uring_submit_and_wait(&ring_, 1);
    if (result < 0 && result != -EINTR) return;
    unsigned head = 0;
    unsigned count = 0;
    io_uring_cqe* cqe = nullptr;
    io_uring_for_each_cqe(&ring_, head, cqe) {
      OnCompletion(*cqe);
      ++count;
    }
    io_uring_cq_advance(&ring_, count);
    for (size_t i = 0; i < due_.size(); ++i) SubmitSend(*due_[i]);
    due_.clear();
    for (BufferPool& pool : pools_) pool.Publish();
    if (!starved_.empty()) RearmStarved();
    if (!dead_.empty()) FreeDead();
    if (std::exchange(accept_lost_, false)) ArmAccept(listener);
  }
}

// ---- Submitting ---------------------------------------------------------------------------------

io_uring_sqe* UringForwarder::NextSqe() {
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  while (sqe == nullptr) {
    io_uring_submit(&ring_);
    sqe = io_uring_get_sqe(&ring_);
  }
  return sqe;
}

void UringForwarder::Tag(io_uring_sqe* sqe, Operation operation, Link* link) {
  io_uring_sqe_set_data64(sqe, reinterpret_cast<uint64_t>(link) | operation);
  if (link != nullptr) ++link->session->in_flight;
}

void UringForwarder::Register(int fd, int value) {
  io_uring_register_files_update(&ring_, static_cast<unsigned>(fd), &value, 1);
}

void UringForwarder::ArmAccept(int listener) {
  io_uring_sqe* sqe = NextSqe();
  io_uring_prep_multishot_accept(sqe, listener, nullptr, nullptr, SOCK_CLOEXEC);
  Tag(sqe, kAccept, nullptr);
}

void UringForwarder::ArmReceive(Link& link) {
  io_uring_sqe* sqe = NextSqe();
  io_uring_prep_recv_multishot(sqe, link.fd, nullptr, 0, 0);
  sqe->flags |= IOSQE_BUFFER_SELECT | IOSQE_FIXED_FILE;
  sqe->buf_group = link.group;
  Tag(sqe, kReceive, &link);
}

void UringForwarder::SubmitSend(Link& link) {
  link.due = false;
  if (link.session->dead || link.sending != 0 || link.queue.empty()) return;
  link.sending = std::min(link.queue.size(), kPiecesPerSend);
  // The kernel then goes on by itself when a socket takes only a part.
  constexpr int kFlags = MSG_NOSIGNAL | MSG_WAITALL;
  io_uring_sqe* sqe = NextSqe();
  if (link.sending == 1) {
    io_uring_prep_send(sqe, link.fd, link.queue[0].bytes, link.queue[0].size, kFlags);
  } else {
    link.vectors.clear();
    for (size_t i = 0; i < link.sending; ++i) {
      link.vectors.push_back({link.queue[i].bytes, link.queue[i].size});
    }
    link.message.msg_iov = link.vectors.data();
    link.message.msg_iovlen = link.vectors.size();
    io_uring_prep_sendmsg(sqe, link.fd, &link.message, static_cast<unsigned>(kFlags));
  }
  sqe->flags |= IOSQE_FIXED_FILE;
  Tag(sqe, kSend, &link);
}

// ---- Completions --------------------------------------------------------------------------------

void UringForwarder::OnCompletion(const io_uring_cqe& cqe) {
  auto* link = reinterpret_cast<Link*>(cqe.user_data & ~kOperationMask);
  const auto operation = static_cast<Operation>(cqe.user_data & kOperationMask);
  const bool last = (cqe.flags & IORING_CQE_F_MORE) == 0;
  if (operation == kAccept) {
    if (last) accept_lost_ = true;
    return OnAccepted(cqe.res);
  }
  if (link == nullptr) {
    stopping_ = true;
    return;
  }
  if (last) --link->session->in_flight;
  switch (operation) {
    case kAccept:
    case kStop:
      return;
    case kConnect:
      return OnConnected(*link, cqe.res);
    case kReceive:
      return OnReceived(*link, cqe);
    case kSend:
      return OnSent(*link, cqe.res);
  }
}

void UringForwarder::OnAccepted(int32_t result) {
  if (result < 0) return;
  const int back = socket(target_.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (back < 0) {
    close(result);
    return;
  }
  auto session = std::make_unique<Session>();
  session->links[0].fd = result;
  session->links[1].fd = back;
  for (uint8_t side = 0; side < 2; ++side) {
    Link& link = session->links[side];
    link.session = session.get();
    link.opposite = &session->links[1 - side];
    link.group = side;
    load::SetNoDelay(link.fd);
    Register(link.fd, link.fd);
  }
  session->links[0].connected = true;
  ArmReceive(session->links[0]);
  io_uring_sqe* sqe = NextSqe();
  io_uring_prep_connect(sqe, back, reinterpret_cast<const sockaddr*>(&target_.storage),
                        target_.bytes);
  Tag(sqe, kConnect, &session->links[1]);
  Session* const key = session.get();
  sessions_.emplace(key, std::move(session));
}

void UringForwarder::OnConnected(Link& link, int32_t result) {
  if (result < 0 || link.session->dead) return End(*link.session);
  link.connected = true;
  ArmReceive(link);
  MakeDue(link);
  PassEndOfStream(link);
}

void UringForwarder::OnReceived(Link& link, const io_uring_cqe& cqe) {
  const bool last = (cqe.flags & IORING_CQE_F_MORE) == 0;
  BufferPool& pool = pools_[link.group];
  if ((cqe.flags & IORING_CQE_F_BUFFER) != 0) {
    const auto buffer = static_cast<uint16_t>(cqe.flags >> IORING_CQE_BUFFER_SHIFT);
    pool.OnTaken();
    if (cqe.res <= 0 || link.session->dead) {
      pool.Return(buffer);
    } else {
      link.opposite->queue.push_back({pool.At(buffer), static_cast<uint32_t>(cqe.res), buffer});
      MakeDue(*link.opposite);
    }
  }
  if (link.session->dead) return;
  if (cqe.res == 0) {
    link.ended = true;
    return PassEndOfStream(*link.opposite);
  }
  if (cqe.res < 0 && cqe.res != -ENOBUFS) return End(*link.session);
  if (last) starved_.push_back(&link);
}

void UringForwarder::OnSent(Link& link, int32_t result) {
  BufferPool& pool = pools_[link.opposite->group];
  const bool broken = result < 0 && result != -EAGAIN && result != -EINTR;
  auto left = result > 0 ? static_cast<uint32_t>(result) : 0U;
  size_t whole = 0;
  while (whole < link.sending && left >= link.queue[whole].size) {
    left -= link.queue[whole].size;
    pool.Return(link.queue[whole].buffer);
    ++whole;
  }
  if (whole < link.sending) {
    link.queue[whole].bytes += left;
    link.queue[whole].size -= left;
  }
  link.queue.erase(link.queue.begin(), link.queue.begin() + whole);
  link.sending = 0;
  if (broken || link.session->dead) return End(*link.session);
  if (!link.queue.empty()) return MakeDue(link);
  PassEndOfStream(link);
}

// Everything for this socket has left: if nothing more will come, its stream ends too.
void UringForwarder::PassEndOfStream(Link& link) {
  if (!link.opposite->ended || !link.connected || !link.queue.empty() || link.shut) return;
  link.shut = true;
  shutdown(link.fd, SHUT_WR);
  if (link.opposite->shut) End(*link.session);
}

// ---- After the completions ----------------------------------------------------------------------

void UringForwarder::MakeDue(Link& link) {
  if (link.due || !link.connected || link.sending != 0) return;
  link.due = true;
  due_.push_back(&link);
}

// As many as there are buffers: the rest would only be turned away again.
void UringForwarder::RearmStarved() {
  std::array<uint32_t, 2> room = {pools_[0].offered(), pools_[1].offered()};
  std::erase_if(starved_, [&](Link* link) {
    if (link->session->dead) return true;
    if (room[link->group] == 0) return false;
    --room[link->group];
    ArmReceive(*link);
    return true;
  });
}

void UringForwarder::End(Session& session) {
  if (session.dead) return;
  session.dead = true;
  dead_.push_back(&session);
  // Ends what is in flight; closing alone would not.
  for (const Link& link : session.links) shutdown(link.fd, SHUT_RDWR);
}

void UringForwarder::FreeDead() {
  std::erase_if(starved_, [](const Link* link) { return link->session->dead; });
  std::erase_if(dead_, [this](Session* session) {
    if (session->in_flight != 0) return false;
    for (Link& link : session->links) {
      for (const Piece& piece : link.queue) pools_[link.opposite->group].Return(piece.buffer);
      Register(link.fd, -1);
      close(link.fd);
    }
    sessions_.erase(session);
    return true;
  });
}

}  // namespace ringway::limit
