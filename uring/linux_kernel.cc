// SPDX-License-Identifier: Apache-2.0
//
// Set-up, entry and the direct calls of the real kernel.
#include "uring/linux_kernel.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "uring/abi.h"
#include "uring/open_beneath.h"

namespace ringway::uring {
namespace {

int OrErrno(long result) { return result < 0 ? -errno : static_cast<int>(result); }

/// proc(5): the path of an open file. Returns its bytes.
int PathOf(int fd, std::span<char> path) {
  std::array<char, 32> link;
  std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", fd);
  const int bytes = OrErrno(::readlink(link.data(), path.data(), path.size()));
  // readlink cuts what does not fit.
  return bytes == static_cast<int>(path.size()) ? -ENAMETOOLONG : bytes;
}

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

int LinuxKernel::OpenSocket(int family) {
  return OrErrno(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

int LinuxKernel::BindSource(int fd, const sockaddr_storage& address, socklen_t bytes) {
  const int on = 1;
  const int result = OrErrno(::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on));
  if (result != 0) return result;
  return OrErrno(::bind(fd, reinterpret_cast<const sockaddr*>(&address), bytes));
}

int LinuxKernel::SetNoDelay(int fd) {
  const int on = 1;
  return OrErrno(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
}

int LinuxKernel::RemoteAddress(int fd, sockaddr_storage* address) {
  socklen_t bytes = sizeof *address;
  return OrErrno(::getpeername(fd, reinterpret_cast<sockaddr*>(address), &bytes));
}

int LinuxKernel::LocalAddress(int fd, sockaddr_storage* address) {
  socklen_t bytes = sizeof *address;
  return OrErrno(::getsockname(fd, reinterpret_cast<sockaddr*>(address), &bytes));
}

int LinuxKernel::Shutdown(int fd, int how) { return OrErrno(::shutdown(fd, how)); }

int LinuxKernel::Close(int fd) { return OrErrno(::close(fd)); }

int LinuxKernel::OpenPipe(uint32_t bytes, PipeEnds* ends) {
  std::array<int, 2> fds{};
  if (const int result = OrErrno(::pipe2(fds.data(), O_NONBLOCK | O_CLOEXEC)); result != 0) {
    return result;
  }
  *ends = {.read = fds[0], .write = fds[1]};
  const int held = ::fcntl(fds[1], F_SETPIPE_SZ, bytes);
  return held > 0 ? held : ::fcntl(fds[1], F_GETPIPE_SZ);
}

int LinuxKernel::Splice(int from, int to, uint32_t bytes) {
  return OrErrno(::splice(from, nullptr, to, nullptr, bytes, SPLICE_F_MOVE | SPLICE_F_NONBLOCK));
}

int LinuxKernel::SendAhead(int fd, std::span<const uint8_t> bytes) {
  return OrErrno(::send(fd, bytes.data(), bytes.size(), MSG_MORE | MSG_DONTWAIT | MSG_NOSIGNAL));
}

int LinuxKernel::ReadPipe(int fd, std::span<uint8_t> out) {
  return OrErrno(::read(fd, out.data(), out.size()));
}

int LinuxKernel::UnreadBytes(int fd) {
  int bytes = 0;
  const int result = OrErrno(::ioctl(fd, SIOCINQ, &bytes));
  return result < 0 ? result : bytes;
}

int LinuxKernel::OpenBeneath(int root, const char* path, Lookup lookup) {
  open_how how = kOpenBeneath;
  if (lookup == Lookup::kCached) how.resolve |= RESOLVE_CACHED;
  return OrErrno(syscall(SYS_openat2, root, path, &how, sizeof how));
}

int LinuxKernel::OpenPathOnly(int root, const char* path, Lookup lookup) {
  open_how how = {.flags = O_PATH | O_CLOEXEC, .mode = 0, .resolve = RESOLVE_NO_MAGICLINKS};
  if (lookup == Lookup::kCached) how.resolve |= RESOLVE_CACHED;
  return OrErrno(syscall(SYS_openat2, root, path, &how, sizeof how));
}

int LinuxKernel::PathBeneath(int root, int fd, std::span<char> path) {
  std::array<char, PATH_MAX> top;
  std::array<char, PATH_MAX> found;
  const int top_bytes = PathOf(root, top);
  if (top_bytes < 0) return top_bytes;
  const int found_bytes = PathOf(fd, found);
  if (found_bytes < 0) return found_bytes;
  std::string_view above(top.data(), static_cast<size_t>(top_bytes));
  std::string_view rest(found.data(), static_cast<size_t>(found_bytes));
  if (above == "/") above = {};
  if (!rest.starts_with(above)) return -EXDEV;
  rest.remove_prefix(above.size());
  if (!rest.empty() && rest.front() != '/') return -EXDEV;
  if (!rest.empty()) rest.remove_prefix(1);
  if (rest.size() > path.size()) return -ENAMETOOLONG;
  rest.copy(path.data(), rest.size());
  return static_cast<int>(rest.size());
}

int LinuxKernel::StatusOf(int fd, FileStatus* status) {
  struct statx found {};
  constexpr unsigned kWanted =
      STATX_TYPE | STATX_INO | STATX_NLINK | STATX_SIZE | STATX_MTIME | STATX_CTIME;
  const int result = OrErrno(::statx(fd, "", AT_EMPTY_PATH, kWanted, &found));
  if (result != 0) return result;
  // A file's time may be any; beyond the years 1678 to 2262 it is cut to them.
  const auto nanoseconds = [](const statx_timestamp& time) {
    constexpr int64_t kSecondsMax = INT64_MAX / 1'000'000'000 - 1;
    const int64_t seconds = std::clamp<int64_t>(time.tv_sec, -kSecondsMax, kSecondsMax);
    return seconds * 1'000'000'000 + time.tv_nsec;
  };
  *status = {.is_regular = S_ISREG(found.stx_mode),
             .is_directory = S_ISDIR(found.stx_mode),
             .device = uint64_t{found.stx_dev_major} << 32 | found.stx_dev_minor,
             .inode = found.stx_ino,
             .links = found.stx_nlink,
             .bytes = found.stx_size,
             .modified_ns = nanoseconds(found.stx_mtime),
             .changed_ns = nanoseconds(found.stx_ctime)};
  return 0;
}

int LinuxKernel::SendFile(int socket, int file, uint64_t offset, uint32_t bytes) {
  auto at = static_cast<off_t>(offset);
  return OrErrno(::sendfile(socket, file, &at, bytes));
}

int LinuxKernel::ReadResident(int file, std::span<uint8_t> out, uint64_t offset) {
  const iovec piece{.iov_base = out.data(), .iov_len = out.size()};
  return OrErrno(::preadv2(file, &piece, 1, static_cast<off_t>(offset), RWF_NOWAIT));
}

int LinuxKernel::ReadAt(int file, std::span<uint8_t> out, uint64_t offset) {
  return OrErrno(::pread(file, out.data(), out.size(), static_cast<off_t>(offset)));
}

}  // namespace ringway::uring
