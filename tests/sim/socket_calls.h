// SPDX-License-Identifier: Apache-2.0
//
// The direct calls on sockets, beside the ring's operations; and close(2), which takes any
// descriptor. Each does what the function of its name does in uring/kernel.h.
#pragma once

#include <cstdint>
#include <span>

#include "tests/sim/kernel_tables.h"

namespace ringway::sim {

class SocketCalls {
 public:
  explicit SocketCalls(KernelTables& tables) : around_(tables.around), tables_(&tables) {}

  int Open(int family);
  int BindSource(int fd, const sockaddr_storage& address, socklen_t bytes);
  int SetNoDelay(int fd);
  int RemoteAddress(int fd, sockaddr_storage* address);
  int LocalAddress(int fd, sockaddr_storage* address);
  int UnreadBytes(int fd);
  int SendAhead(int fd, std::span<const uint8_t> bytes);
  int Shutdown(int fd, int how);
  int Close(int fd);

 private:
  void CloseSocket(const Descriptor& at);

  Surroundings around_;
  KernelTables* tables_;
};

}  // namespace ringway::sim
