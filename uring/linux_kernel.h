// SPDX-License-Identifier: Apache-2.0
//
// io_uring itself: the kernel of production. Sets the ring up and enters it by its own system
// calls (liburing 2.3's submit corrupts the queue under NO_SQARRAY).
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "uring/system_calls.h"

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

class LinuxKernel : public SystemCalls {
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
