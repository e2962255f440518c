// SPDX-License-Identifier: Apache-2.0
//
// Set-up and entry of the real kernel.
#include "uring/linux_kernel.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "uring/abi.h"

namespace ringway::uring {
namespace {

int OrErrno(long result) { return result < 0 ? -errno : static_cast<int>(result); }

absl::Status SetupError(int error) {
  const char* hint = "an unexpected error";
  switch (error) {
    case ENOSYS:
      hint =
          "this kernel has no io_uring, or a seccomp profile hides it (Docker's and "
          "containerd's defaults do): run with a profile that permits io_uring_setup, "
          "io_uring_enter and io_uring_register";
      break;
    case EPERM:
    case EACCES:
      hint =
          "io_uring is forbidden here: see `sysctl kernel.io_uring_disabled` (0 permits it) and "
          "the container's seccomp profile";
      break;
    case EINVAL:
      hint = "this kernel is too old: Linux 6.1 or later is needed (SINGLE_ISSUER, DEFER_TASKRUN)";
      break;
    case ENOMEM:
      hint =
          "no memory for the queues: raise the limit on locked memory (ulimit -l, "
          "LimitMEMLOCK= in a systemd unit) or lower the number of workers";
      break;
    case EMFILE:
    case ENFILE:
      hint = "no descriptor is left: raise the limit on open files (ulimit -n, LimitNOFILE=)";
      break;
  }
  return absl::FailedPreconditionError(
      absl::StrCat("io_uring_setup failed: ", std::strerror(error), ": ", hint));
}

template <typename T>
T* At(void* base, uint32_t offset) {
  return reinterpret_cast<T*>(static_cast<uint8_t*>(base) + offset);
}

}  // namespace

absl::StatusOr<std::unique_ptr<LinuxKernel>> LinuxKernel::Open(const LinuxKernelOptions& options) {
  std::unique_ptr<LinuxKernel> kernel(new LinuxKernel);
  constexpr uint32_t kRequired = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                                 IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL;
  kernel->features_ = options.features;
  while (true) {
    kernel->params_ = {};
    kernel->params_.flags = kRequired;
    kernel->params_.cq_entries = options.cq_entries;
    const bool no_array = kernel->features_.Has(Feature::kNoSqArray);
    if (no_array) kernel->params_.flags |= kSetupNoSqArray;
    kernel->fd_ = OrErrno(syscall(__NR_io_uring_setup, options.sq_entries, &kernel->params_));
    if (kernel->fd_ >= 0) break;
    if (kernel->fd_ != -EINVAL || !no_array) return SetupError(-kernel->fd_);
    kernel->features_ = kernel->features_.Without(Feature::kNoSqArray);
  }
  if (absl::Status status = kernel->MapQueues(); !status.ok()) return status;

  kernel->enter_fd_ = kernel->fd_;
  if (kernel->features_.Has(Feature::kRegisteredRing)) {
    io_uring_rsrc_update update{};
    update.offset = UINT32_MAX;  // any free index
    update.data = static_cast<uint64_t>(kernel->fd_);
    if (kernel->Register(IORING_REGISTER_RING_FDS, &update, 1) == 1) {
      kernel->enter_fd_ = static_cast<int>(update.offset);
      kernel->enter_flags_ |= IORING_ENTER_REGISTERED_RING;
    } else {
      kernel->features_ = kernel->features_.Without(Feature::kRegisteredRing);
    }
  }
  if ((kernel->params_.features & kFeatNoIowait) == 0) {
    kernel->features_ = kernel->features_.Without(Feature::kNoIowait);
  }
  if (kernel->features_.Has(Feature::kNoIowait)) kernel->enter_flags_ |= kEnterNoIowait;
  return kernel;
}

absl::Status LinuxKernel::MapQueues() {
  const size_t sq_bytes = params_.sq_off.array + params_.sq_entries * sizeof(uint32_t);
  const size_t cq_bytes = params_.cq_off.cqes + params_.cq_entries * sizeof(io_uring_cqe);
  rings_bytes_ = std::max(sq_bytes, cq_bytes);
  entries_bytes_ = params_.sq_entries * sizeof(io_uring_sqe);
  rings_ = mmap(nullptr, rings_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd_,
                IORING_OFF_SQ_RING);
  entries_ = mmap(nullptr, entries_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd_,
                  IORING_OFF_SQES);
  if (rings_ == MAP_FAILED || entries_ == MAP_FAILED) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot map the ring's queues: ", std::strerror(errno)));
  }
  memory_ = {.sqes = static_cast<io_uring_sqe*>(entries_),
             .sq_entries = params_.sq_entries,
             .sq_head = At<uint32_t>(rings_, params_.sq_off.head),
             .sq_tail = At<uint32_t>(rings_, params_.sq_off.tail),
             .sq_flags = At<uint32_t>(rings_, params_.sq_off.flags),
             .cqes = At<io_uring_cqe>(rings_, params_.cq_off.cqes),
             .cq_entries = params_.cq_entries,
             .cq_head = At<uint32_t>(rings_, params_.cq_off.head),
             .cq_tail = At<uint32_t>(rings_, params_.cq_off.tail)};
  if (!features_.Has(Feature::kNoSqArray)) {
    auto* array = At<uint32_t>(rings_, params_.sq_off.array);
    for (uint32_t i = 0; i < params_.sq_entries; ++i) array[i] = i;
  }
  return absl::OkStatus();
}

LinuxKernel::~LinuxKernel() {
  if (rings_ != nullptr && rings_ != MAP_FAILED) munmap(rings_, rings_bytes_);
  if (entries_ != nullptr && entries_ != MAP_FAILED) munmap(entries_, entries_bytes_);
  if (enter_fd_ != fd_ && enter_fd_ >= 0) {
    io_uring_rsrc_update update{};
    update.offset = static_cast<uint32_t>(enter_fd_);
    Register(IORING_UNREGISTER_RING_FDS, &update, 1);
  }
  if (fd_ >= 0) ::close(fd_);
}

int LinuxKernel::Enter(const EnterRequest& request) {
  // WHY always GETEVENTS: under DEFER_TASKRUN completions are made only by an entry that asks.
  uint32_t flags = IORING_ENTER_GETEVENTS | enter_flags_;
  if (request.timeout_ns == kNoTimeout || request.wait_for == 0) {
    return OrErrno(syscall(__NR_io_uring_enter, enter_fd_, request.submit, request.wait_for, flags,
                           nullptr, 0));
  }
  __kernel_timespec timeout{.tv_sec = static_cast<int64_t>(request.timeout_ns / 1'000'000'000),
                            .tv_nsec = static_cast<int64_t>(request.timeout_ns % 1'000'000'000)};
  io_uring_getevents_arg argument{};
  argument.ts = reinterpret_cast<uint64_t>(&timeout);
  flags |= IORING_ENTER_EXT_ARG;
  return OrErrno(syscall(__NR_io_uring_enter, enter_fd_, request.submit, request.wait_for, flags,
                         &argument, sizeof argument));
}

int LinuxKernel::Register(unsigned opcode, const void* argument, unsigned count) const {
  return OrErrno(syscall(__NR_io_uring_register, fd_, opcode, argument, count));
}

int LinuxKernel::RegisterBufferRing(const io_uring_buf_reg& ring) {
  return Register(IORING_REGISTER_PBUF_RING, &ring, 1);
}

int LinuxKernel::UnregisterBufferRing(uint16_t group) {
  const io_uring_buf_reg ring{.bgid = group};
  return Register(IORING_UNREGISTER_PBUF_RING, &ring, 1);
}

int LinuxKernel::RegisterBuffers(std::span<const iovec> buffers) {
  return Register(IORING_REGISTER_BUFFERS, buffers.data(), static_cast<unsigned>(buffers.size()));
}

int LinuxKernel::UnregisterBuffers() { return Register(IORING_UNREGISTER_BUFFERS, nullptr, 0); }

}  // namespace ringway::uring
