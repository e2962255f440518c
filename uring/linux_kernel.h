// SPDX-License-Identifier: Apache-2.0
//
// io_uring itself: the kernel of production. Sets the ring up and enters it by its own system
// calls (liburing 2.3's submit corrupts the queue under NO_SQARRAY).
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "uring/kernel.h"

namespace ringway::uring {

struct LinuxKernelOptions {
  /// Submission entries, a power of two. WHY small: the entries are used round and round, and 512
  /// of 64 bytes stay in the L1 and L2 caches; a turn that prepares more hands them over in parts.
  uint32_t sq_entries = 512;
  /// Completion entries, a power of two: several bursts of multishot completions fit without the
  /// kernel's slow overflow list.
  uint32_t cq_entries = 8192;
  /// Optional features that may be used, if the kernel has them.
  FeatureSet features = FeatureSet::All();
};

class LinuxKernel : public Kernel {
 public:
  /// Sets a ring up for the calling thread, with SINGLE_ISSUER | DEFER_TASKRUN. An error says which
  /// call failed, the likely cause and what to do.
  static absl::StatusOr<std::unique_ptr<LinuxKernel>> Open(const LinuxKernelOptions& options);
  ~LinuxKernel() override;

  const RingMemory& memory() const override { return memory_; }
  FeatureSet features() const override { return features_; }
  int Enter(const EnterRequest& request) override;

  int RegisterBufferRing(const io_uring_buf_reg& ring) override;
  int UnregisterBufferRing(uint16_t group) override;
  int RegisterBuffers(std::span<const iovec> buffers) override;
  int UnregisterBuffers() override;

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

  /// IORING_FEAT_* of the set-up.
  uint32_t kernel_features() const { return params_.features; }
  /// The ring's descriptor, for probes.
  int fd() const { return fd_; }

 private:
  LinuxKernel() = default;
  absl::Status MapQueues();
  int Register(unsigned opcode, const void* argument, unsigned count) const;

  int fd_ = -1;
  int enter_fd_ = -1;         ///< the registered index, or fd_
  uint32_t enter_flags_ = 0;  ///< those that every entry carries
  io_uring_params params_{};
  FeatureSet features_;
  RingMemory memory_;
  void* rings_ = nullptr;
  size_t rings_bytes_ = 0;
  void* entries_ = nullptr;
  size_t entries_bytes_ = 0;
};

}  // namespace ringway::uring
