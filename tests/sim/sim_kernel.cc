// SPDX-License-Identifier: Apache-2.0
//
// Entering, waiting, and the direct calls.
#include "tests/sim/sim_kernel.h"

#include <algorithm>
#include <cerrno>

#include "tests/sim/words.h"

namespace ringway::sim {
namespace {

/// Descriptors begin here: a number that is no index of anything else.
constexpr size_t kFirstDescriptor = 100;
/// What entering costs at most.
constexpr uint64_t kEnterNsMax = 20'000;
/// How much later than its deadline a wait may end.
constexpr uint64_t kLateNsMax = 5'000'000;
constexpr uint64_t kGhostDelayNsMax = 3'000'000;

bool Overlap(std::span<const uint8_t> a, std::span<const uint8_t> b) {
  return a.data() < b.data() + b.size() && b.data() < a.data() + a.size();
}

}  // namespace

SimKernel::SimKernel(const Surroundings& around, const SimKernelOptions& options)
    : around_(around),
      options_(options),
      sq_(options.sq_entries),
      cq_(options.cq_entries),
      groups_(around.verdict),
      descriptors_(kFirstDescriptor) {
  sq_.LendTo(memory_);
  cq_.LendTo(memory_);
}

int SimKernel::Enter(const uring::EnterRequest& request) {
  cq_.NoteReaped();
  cq_.Refill();
  groups_.Observe();
  if (request.submit > 0 && RINGWAY_STRIKES(around_.random, around_.faults, no_memory)) {
    return -EAGAIN;
  }
  uint32_t count = std::min(request.submit, sq_.prepared());
  uring::EnterRequest rest = request;
  if (count > 1 && RINGWAY_STRIKES(around_.random, around_.faults, partial_submit)) {
    count = 1 + static_cast<uint32_t>(around_.random.Below(count - 1));
    rest.wait_for = 0;  // who could not take all returns at once
  }
  for (uint32_t i = 0; i < count; ++i) Submit(sq_.Take());
  CheckOffered();
  if (options_.watch == Watch::kWorker) {
    around_.clock.now_ns += around_.random.Between(1, kEnterNsMax);
  }
  around_.events.RunDue();
  Progress();
  const int waited = Wait(rest);
  sq_.SetFlags(cq_.overflown() ? IORING_SQ_CQ_OVERFLOW : 0);
  return count > 0 ? static_cast<int>(count) : waited;
}

int SimKernel::Wait(const uring::EnterRequest& request) {
  if (request.wait_for == 0) return 0;
  SimClock& clock = around_.clock;
  const uint64_t timeout_ns = request.timeout_ns == uring::kNoTimeout
                                  ? options_.patience_ns
                                  : std::min(request.timeout_ns, options_.patience_ns);
  const uint64_t deadline = timeout_ns == kNeverNs ? kNeverNs : clock.now_ns + timeout_ns;
  while (cq_.ready() < request.wait_for && !around_.verdict.failed()) {
    if (RINGWAY_STRIKES(around_.random, around_.faults, interrupted)) return -EINTR;
    const uint64_t next = std::min(around_.events.NextDueNs(), NextDueNs());
    if (next == kNeverNs && deadline == kNeverNs) {
      around_.verdict.Fail("the worker sleeps forever: nothing is due and it set no timeout");
      return -EINTR;
    }
    if (next >= deadline) {
      const bool exact = RINGWAY_STRIKES(around_.random, around_.faults, exact_deadline);
      clock.now_ns = std::max(clock.now_ns, deadline);
      if (!exact && RINGWAY_STRIKES(around_.random, around_.faults, late_clock)) {
        clock.now_ns += around_.random.Below(kLateNsMax);
      }
      return -ETIME;
    }
    clock.now_ns = std::max(clock.now_ns, next);
    around_.events.RunDue();
    Progress();
  }
  return 0;
}

uint64_t SimKernel::NextDueNs() const {
  const uint64_t now = around_.clock.now_ns;
  uint64_t next = kNeverNs;
  for (const Request& request : requests_) {
    if (request.not_before_ns > now) next = std::min(next, request.not_before_ns);
    next = std::min(next, request.cancelled_at_ns);
  }
  for (const Ghost& ghost : ghosts_) next = std::min(next, ghost.due_ns);
  return next;
}

void SimKernel::Progress() {
  PostGhosts();
  order_.resize(requests_.size());
  for (size_t i = 0; i < order_.size(); ++i) order_[i] = i;
  if (order_.size() > 1 && RINGWAY_STRIKES(around_.random, around_.faults, reorder)) {
    for (size_t i = order_.size() - 1; i > 0; --i) {
      std::swap(order_[i], order_[around_.random.Below(i + 1)]);
    }
  }
  for (const size_t i : order_) Try(requests_[i]);
  std::erase_if(requests_, [](const Request& request) { return request.done; });
}

void SimKernel::PostGhosts() {
  std::erase_if(ghosts_, [&](const Ghost& ghost) {
    if (ghost.due_ns > around_.clock.now_ns) return false;
    cq_.Post({.user_data = ghost.user_data, .res = ghost.res, .nature = Nature::kGhost});
    RINGWAY_TRACE(around_.verdict, "kernel: %s once more = %s", InWords(ghost.user_data).c_str(),
                  ResultInWords(ghost.res).c_str());
    return true;
  });
}

// Memory that the worker has just offered must not be what one of its sends still reads.
void SimKernel::CheckOffered() {
  if (groups_.offered().empty() || options_.watch == Watch::kContract) return;
  for (const Request& request : requests_) {
    for (const auto piece : request.pieces) {
      for (const auto offered : groups_.offered()) {
        if (!Overlap(piece, offered)) continue;
        around_.verdict.Fail("a buffer was offered while a send on %d reads it", request.fd);
      }
    }
  }
}

Descriptor* SimKernel::Find(int fd) {
  const auto index = static_cast<size_t>(fd);
  if (fd < 0 || index >= descriptors_.size()) return nullptr;
  return descriptors_[index].kind == DescriptorKind::kClosed ? nullptr : &descriptors_[index];
}

// The lowest free number, as open(2) promises: a number comes back at once under another life.
int SimKernel::NewDescriptor(DescriptorKind kind) {
  const auto found =
      std::find_if(descriptors_.begin() + kFirstDescriptor, descriptors_.end(),
                   [](const Descriptor& at) { return at.kind == DescriptorKind::kClosed; });
  const auto index = found - descriptors_.begin();
  if (found == descriptors_.end()) descriptors_.emplace_back();
  descriptors_[static_cast<size_t>(index)] = {.kind = kind};
  if (kind == DescriptorKind::kSocket) ++sockets_open_;
  return static_cast<int>(index);
}

int SimKernel::AddSocket(Connection* connection) {
  const int fd = NewDescriptor(DescriptorKind::kSocket);
  Find(fd)->connection = connection;
  connection->accepted = true;
  return fd;
}

int SimKernel::AddListening(Server& server) {
  const int fd = NewDescriptor(DescriptorKind::kListening);
  Find(fd)->listening = &server;
  return fd;
}

int SimKernel::AddEvent() { return NewDescriptor(DescriptorKind::kEvent); }

uint32_t SimKernel::pipe_ends_open() const {
  return static_cast<uint32_t>(
      std::ranges::count_if(descriptors_, [](const Descriptor& at) { return at.pipe != nullptr; }));
}

uint32_t SimKernel::files_open() const {
  return static_cast<uint32_t>(std::ranges::count_if(
      descriptors_, [](const Descriptor& at) { return at.kind == DescriptorKind::kFile; }));
}

bool SimKernel::Withholds(DescriptorKind kind) const {
  return std::ranges::any_of(requests_, [&](const Request& request) {
    return request.withheld && descriptors_[static_cast<size_t>(request.fd)].kind == kind;
  });
}

bool SimKernel::WithholdsConnect() const {
  return std::ranges::any_of(requests_, [](const Request& request) {
    return request.withheld && request.opcode == IORING_OP_CONNECT;
  });
}

size_t SimKernel::disk_requests() const {
  return static_cast<size_t>(std::ranges::count_if(requests_, [&](const Request& request) {
    return descriptors_[static_cast<size_t>(request.fd)].kind == DescriptorKind::kFile;
  }));
}

uint64_t SimKernel::pipe_bytes() const {
  uint64_t bytes = 0;
  for (const Descriptor& at : descriptors_) {
    if (at.kind == DescriptorKind::kPipeRead) bytes += at.pipe->size();
  }
  return bytes;
}

bool SimKernel::IsReceiving(const Connection* connection) const {
  return std::ranges::any_of(requests_, [&](const Request& request) {
    return request.opcode == IORING_OP_RECV &&
           descriptors_[static_cast<size_t>(request.fd)].connection == connection;
  });
}

bool SimKernel::IsHeldBack(const Connection* connection) const {
  return std::ranges::any_of(requests_, [&](const Request& request) {
    const bool waits = request.withheld || request.not_before_ns > around_.clock.now_ns ||
                       request.cancelled_at_ns != kNeverNs;
    return waits && descriptors_[static_cast<size_t>(request.fd)].connection == connection;
  });
}

int SimKernel::RegisterBuffers(std::span<const iovec> buffers) {
  if (!fixed_.empty()) return -EBUSY;
  for (const iovec& one : buffers) {
    fixed_.push_back({static_cast<uint8_t*>(one.iov_base), one.iov_len});
  }
  return 0;
}

int SimKernel::UnregisterBuffers() {
  if (fixed_.empty()) return -ENXIO;
  fixed_.clear();
  return 0;
}

int SimKernel::OpenSocket(int family) {
  if (family != AF_INET && family != AF_INET6 && family != AF_UNIX) return -EAFNOSUPPORT;
  if (RINGWAY_STRIKES(around_.random, around_.faults, socket_emfile)) return -EMFILE;
  const int fd = NewDescriptor(DescriptorKind::kSocket);
  Find(fd)->family = family;
  return fd;
}

// 127.0.0.0/8 is this machine, and nothing else.
int SimKernel::BindSource(int fd, const sockaddr_storage& address, socklen_t bytes) {
  const Descriptor* at = Find(fd);
  if (at == nullptr) return -EBADF;
  if (at->family == AF_UNIX) return -EOPNOTSUPP;
  if (address.ss_family != AF_INET) return -EAFNOSUPPORT;
  if (bytes < sizeof(sockaddr_in)) return -EINVAL;
  const auto& source = reinterpret_cast<const sockaddr_in&>(address);
  return ntohl(source.sin_addr.s_addr) >> 24 == 127 ? 0 : -EADDRNOTAVAIL;
}

int SimKernel::SetNoDelay(int fd) {
  const Descriptor* at = Find(fd);
  if (at == nullptr) return -EBADF;
  return at->family == AF_UNIX ? -EOPNOTSUPP : 0;
}

int SimKernel::RemoteAddress(int fd, sockaddr_storage* address) {
  const Descriptor* at = Find(fd);
  if (at == nullptr) return -EBADF;
  if (at->connection == nullptr || at->connection->broken) return -ENOTCONN;
  *address = at->connection->far_address;
  return 0;
}

// Nobody asks for more than that there is one.
int SimKernel::LocalAddress(int fd, sockaddr_storage* address) {
  if (Find(fd) == nullptr) return -EBADF;
  *address = Network::AddressOf(1);
  return 0;
}

int SimKernel::Shutdown(int fd, int how) {
  const Descriptor* at = Find(fd);
  if (at == nullptr) return -EBADF;
  if (how != SHUT_WR) return -EINVAL;
  RINGWAY_TRACE(around_.verdict, "worker: shutdown %d", fd);
  return at->connection == nullptr ? -ENOTCONN : at->connection->NearShutdown();
}

int SimKernel::Close(int fd) {
  Descriptor* at = Find(fd);
  if (at == nullptr) return -EBADF;
  RINGWAY_TRACE(around_.verdict, "worker: close %d", fd);
  const bool in_flight = std::ranges::any_of(requests_, [&](const Request& request) {
    return request.fd == fd && !request.done && request.opcode != IORING_OP_ASYNC_CANCEL;
  });
  if (in_flight && options_.watch == Watch::kWorker && !ring_is_lost_) {
    around_.verdict.Fail("descriptor %d is closed while an operation on it is in flight", fd);
  }
  if (at->pipe != nullptr) {
    bool& open = at->kind == DescriptorKind::kPipeRead ? at->pipe->read_open : at->pipe->write_open;
    open = false;
  }
  if (at->kind == DescriptorKind::kSocket) {
    --sockets_open_;
    if (at->was_used && RINGWAY_STRIKES(around_.random, around_.faults, completion_after_close)) {
      ghosts_.push_back({.due_ns = around_.clock.now_ns + around_.random.Below(kGhostDelayNsMax),
                         .user_data = at->last_user_data,
                         .res = around_.random.Chance(5000) ? 0 : -ECANCELED});
    }
  }
  if (at->connection != nullptr) {
    // Accepted and closed unused: there was no slot for it. Who was turned away is owed nothing.
    if (!at->was_used) at->connection->tainted = true;
    at->connection->NearClose();
  }
  *at = {};
  return 0;
}

}  // namespace ringway::sim
