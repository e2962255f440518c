// SPDX-License-Identifier: Apache-2.0
//
// The seam's direct calls as plain system calls: what every kernel shares whose sockets and files
// are those of the system, whatever serves its ring. No call waits but for a disk.
#pragma once

#include "uring/kernel.h"

namespace ringway::uring {

class SystemCalls : public Kernel {
 public:
  int OpenSocket(int family) override;
  int BindSource(int fd, const sockaddr_storage& address, socklen_t bytes) override;
  int SetNoDelay(int fd) override;
  int RemoteAddress(int fd, sockaddr_storage* address) override;
  int LocalAddress(int fd, sockaddr_storage* address) override;
  int Shutdown(int fd, int how) override;
  int Close(int fd) override;
  int OpenPipe(uint32_t bytes, PipeEnds* ends) override;
  int Splice(int from, int to, uint32_t bytes) override;
  int SendAhead(int fd, std::span<const uint8_t> bytes) override;
  int ReadPipe(int fd, std::span<uint8_t> out) override;
  int UnreadBytes(int fd) override;
  int OpenBeneath(int root, const char* path, Lookup lookup) override;
  int OpenPathOnly(int root, const char* path, Lookup lookup) override;
  int PathBeneath(int root, int fd, std::span<char> path) override;
  int StatusOf(int fd, FileStatus* status) override;
  int SendFile(int socket, int file, uint64_t offset, uint32_t bytes) override;
  int ReadResident(int file, std::span<uint8_t> out, uint64_t offset) override;
  int ReadAt(int file, std::span<uint8_t> out, uint64_t offset) override;
};

}  // namespace ringway::uring
