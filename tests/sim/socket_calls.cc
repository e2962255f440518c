// SPDX-License-Identifier: Apache-2.0
//
// Sockets from their beginning to their end.
#include "tests/sim/socket_calls.h"

#include <algorithm>
#include <cerrno>

namespace ringway::sim {
namespace {

constexpr uint64_t kGhostDelayNsMax = 3'000'000;

}  // namespace

int SocketCalls::Open(int family) {
  if (family != AF_INET && family != AF_INET6 && family != AF_UNIX) return -EAFNOSUPPORT;
  if (RINGWAY_STRIKES(around_.random, around_.faults, socket_emfile)) return -EMFILE;
  const int fd = tables_->descriptors.Open(DescriptorKind::kSocket);
  tables_->descriptors.Find(fd)->family = family;
  return fd;
}

// 127.0.0.0/8 is this machine, and nothing else.
int SocketCalls::BindSource(int fd, const sockaddr_storage& address, socklen_t bytes) {
  const Descriptor* at = tables_->descriptors.Find(fd);
  if (at == nullptr) return -EBADF;
  if (at->family == AF_UNIX) return -EOPNOTSUPP;
  if (address.ss_family != AF_INET) return -EAFNOSUPPORT;
  if (bytes < sizeof(sockaddr_in)) return -EINVAL;
  const auto& source = reinterpret_cast<const sockaddr_in&>(address);
  return ntohl(source.sin_addr.s_addr) >> 24 == 127 ? 0 : -EADDRNOTAVAIL;
}

int SocketCalls::SetNoDelay(int fd) {
  const Descriptor* at = tables_->descriptors.Find(fd);
  if (at == nullptr) return -EBADF;
  return at->family == AF_UNIX ? -EOPNOTSUPP : 0;
}

int SocketCalls::RemoteAddress(int fd, sockaddr_storage* address) {
  const Descriptor* at = tables_->descriptors.Find(fd);
  if (at == nullptr) return -EBADF;
  if (at->connection == nullptr || at->connection->broken) return -ENOTCONN;
  *address = at->connection->far_address;
  return 0;
}

// Nobody asks for more than that there is one.
int SocketCalls::LocalAddress(int fd, sockaddr_storage* address) {
  if (tables_->descriptors.Find(fd) == nullptr) return -EBADF;
  *address = Network::AddressOf(1);
  return 0;
}

int SocketCalls::UnreadBytes(int fd) {
  const Descriptor* at = tables_->descriptors.Find(fd);
  if (at == nullptr) return -EBADF;
  if (at->connection == nullptr) return 0;
  return static_cast<int>(at->connection->up.size());
}

// The bytes leave at once: what MSG_MORE holds back on Linux is held for 200 ms at most, so nobody
// may count on it.
int SocketCalls::SendAhead(int fd, std::span<const uint8_t> bytes) {
  const Descriptor* at = tables_->descriptors.Find(fd);
  if (at == nullptr) return -EBADF;
  if (at->kind != DescriptorKind::kSocket) return -ENOTSOCK;
  if (at->connection == nullptr) return -EPIPE;
  Connection& to = *at->connection;
  tables_->watch.OnDirectBytes(fd, IORING_OP_SEND);
  if (const int error = to.NearSendError(); error != 0) return error;
  if (bytes.empty()) return 0;
  size_t count = to.far_closed ? bytes.size() : std::min(bytes.size(), to.down.room());
  to.no_space |= count == 0;
  if (count == 0) return -EAGAIN;
  if (RINGWAY_STRIKES(around_.random, around_.faults, ahead_again)) {
    ++to.out_wakes;
    return -EAGAIN;
  }
  if (count > 1 && RINGWAY_STRIKES(around_.random, around_.faults, short_ahead)) {
    count = 1 + around_.random.Below(count - 1);
  }
  to.NearSend(bytes.first(count));
  tables_->moved.sent_ahead += count;
  RINGWAY_TRACE(around_.verdict, "worker: %zu of %zu bytes ahead on %d", count, bytes.size(), fd);
  return static_cast<int>(count);
}

int SocketCalls::Shutdown(int fd, int how) {
  const Descriptor* at = tables_->descriptors.Find(fd);
  if (at == nullptr) return -EBADF;
  if (how != SHUT_WR) return -EINVAL;
  RINGWAY_TRACE(around_.verdict, "worker: shutdown %d", fd);
  return at->connection == nullptr ? -ENOTCONN : at->connection->NearShutdown();
}

int SocketCalls::Close(int fd) {
  const Descriptor* at = tables_->descriptors.Find(fd);
  if (at == nullptr) return -EBADF;
  RINGWAY_TRACE(around_.verdict, "worker: close %d", fd);
  tables_->watch.OnClose(fd);
  if (at->pipe != nullptr) {
    bool& open = at->kind == DescriptorKind::kPipeRead ? at->pipe->read_open : at->pipe->write_open;
    open = false;
  }
  if (at->kind == DescriptorKind::kSocket) CloseSocket(*at);
  tables_->descriptors.Close(fd);
  return 0;
}

void SocketCalls::CloseSocket(const Descriptor& at) {
  if (at.was_used && RINGWAY_STRIKES(around_.random, around_.faults, completion_after_close)) {
    tables_->in_flight.AddGhost(
        {.due_ns = around_.clock.now_ns + around_.random.Below(kGhostDelayNsMax),
         .user_data = at.last_user_data,
         .res = around_.random.Chance(5000) ? 0 : -ECANCELED});
  }
  if (at.connection == nullptr) return;
  // Accepted and closed unused: there was no slot for it. Who was turned away is owed nothing.
  if (!at.was_used) at.connection->tainted = true;
  at.connection->NearClose();
}

}  // namespace ringway::sim
