// SPDX-License-Identifier: Apache-2.0
//
// A kernel in memory: real submissions in, real completions out, simulated sockets and time. What
// it does without faults is held to the ring-contract suite, as LinuxKernel is; with faults it does
// what a real kernel may do at its worst. Beyond a kernel's duty it watches the worker
// (worker_watch.h).
//
// SimKernel itself only enters and waits. Its parts do the rest: Submissions, Operations and
// FileOperations what goes through the ring, SocketCalls, PipeCalls and FileCalls what does not,
// all on the same KernelTables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tests/sim/file_calls.h"
#include "tests/sim/file_operations.h"
#include "tests/sim/kernel_tables.h"
#include "tests/sim/operations.h"
#include "tests/sim/pipe_calls.h"
#include "tests/sim/socket_calls.h"
#include "tests/sim/submissions.h"
#include "uring/kernel.h"
#include "uring/submission_queue.h"

namespace ringway::sim {

class SimKernel : public uring::Kernel {
 public:
  SimKernel(const Surroundings& around, const SimKernelOptions& options);

  /// For the world around, which opens and signals, and for checks.
  KernelTables& tables() { return tables_; }
  const KernelTables& tables() const { return tables_; }

  const uring::RingMemory& memory() const override { return memory_; }
  uring::FeatureSet features() const override { return tables_.options.features; }
  int Enter(const uring::EnterRequest& request) override;

  int RegisterBufferRing(const io_uring_buf_reg& ring) override {
    return tables_.groups.Register(ring);
  }
  int UnregisterBufferRing(uint16_t group) override { return tables_.groups.Unregister(group); }
  int RegisterBuffers(std::span<const iovec> buffers) override {
    return file_operations_.RegisterBuffers(buffers);
  }
  int UnregisterBuffers() override { return file_operations_.UnregisterBuffers(); }

  int OpenSocket(int family) override { return sockets_.Open(family); }
  int BindSource(int fd, const sockaddr_storage& address, socklen_t bytes) override {
    return sockets_.BindSource(fd, address, bytes);
  }
  int SetNoDelay(int fd) override { return sockets_.SetNoDelay(fd); }
  int RemoteAddress(int fd, sockaddr_storage* address) override {
    return sockets_.RemoteAddress(fd, address);
  }
  int LocalAddress(int fd, sockaddr_storage* address) override {
    return sockets_.LocalAddress(fd, address);
  }
  int UnreadBytes(int fd) override { return sockets_.UnreadBytes(fd); }
  int SendAhead(int fd, std::span<const uint8_t> bytes) override {
    return sockets_.SendAhead(fd, bytes);
  }
  int Shutdown(int fd, int how) override { return sockets_.Shutdown(fd, how); }
  int Close(int fd) override { return sockets_.Close(fd); }

  int OpenPipe(uint32_t bytes, uring::PipeEnds* ends) override { return pipes_.Open(bytes, ends); }
  int Splice(int from, int to, uint32_t bytes) override { return pipes_.Splice(from, to, bytes); }
  int ReadPipe(int fd, std::span<uint8_t> out) override { return pipes_.Read(fd, out); }

  int OpenBeneath(int root, const char* path, uring::Lookup lookup) override {
    return files_.OpenBeneath(root, path, lookup);
  }
  /// There are no links: whatever leads out of the root leads to nothing.
  int OpenPathOnly(int root, const char* path, uring::Lookup lookup) override {
    return files_.OpenFound(root, path, lookup);
  }
  int PathBeneath(int root, int fd, std::span<char> path) override {
    return files_.PathBeneath(root, fd, path);
  }
  int StatusOf(int fd, uring::FileStatus* status) override { return files_.StatusOf(fd, status); }
  int SendFile(int socket, int file, uint64_t offset, uint32_t bytes) override {
    return files_.Send(socket, file, offset, bytes);
  }
  int ReadResident(int file, std::span<uint8_t> out, uint64_t offset) override {
    return files_.ReadResident(file, out, offset);
  }
  int ReadAt(int file, std::span<uint8_t> out, uint64_t offset) override {
    return files_.ReadAt(file, out, offset);
  }

 private:
  int Wait(const uring::EnterRequest& request);
  void Progress();

  Surroundings around_;
  KernelTables tables_;
  SocketCalls sockets_{tables_};
  PipeCalls pipes_{tables_};
  FileCalls files_{tables_};
  FileOperations file_operations_{tables_, files_};
  Operations operations_{tables_, file_operations_};
  Submissions submissions_{tables_, file_operations_, operations_};
  uring::RingMemory memory_;
  uring::SubmissionQueue sq_;
  std::vector<size_t> order_;
};

}  // namespace ringway::sim
