// SPDX-License-Identifier: Apache-2.0
//
// One system call each, and its result as the seam has it.
#include "uring/system_calls.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
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
#include <string_view>

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

}  // namespace

int SystemCalls::OpenSocket(int family) {
  return OrErrno(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

int SystemCalls::BindSource(int fd, const sockaddr_storage& address, socklen_t bytes) {
  const int on = 1;
  const int result = OrErrno(::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on));
  if (result != 0) return result;
  return OrErrno(::bind(fd, reinterpret_cast<const sockaddr*>(&address), bytes));
}

int SystemCalls::SetNoDelay(int fd) {
  const int on = 1;
  return OrErrno(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
}

int SystemCalls::RemoteAddress(int fd, sockaddr_storage* address) {
  socklen_t bytes = sizeof *address;
  return OrErrno(::getpeername(fd, reinterpret_cast<sockaddr*>(address), &bytes));
}

int SystemCalls::LocalAddress(int fd, sockaddr_storage* address) {
  socklen_t bytes = sizeof *address;
  return OrErrno(::getsockname(fd, reinterpret_cast<sockaddr*>(address), &bytes));
}

int SystemCalls::Shutdown(int fd, int how) { return OrErrno(::shutdown(fd, how)); }

int SystemCalls::Close(int fd) { return OrErrno(::close(fd)); }

int SystemCalls::OpenPipe(uint32_t bytes, PipeEnds* ends) {
  std::array<int, 2> fds{};
  if (const int result = OrErrno(::pipe2(fds.data(), O_NONBLOCK | O_CLOEXEC)); result != 0) {
    return result;
  }
  *ends = {.read = fds[0], .write = fds[1]};
  const int held = ::fcntl(fds[1], F_SETPIPE_SZ, bytes);
  return held > 0 ? held : ::fcntl(fds[1], F_GETPIPE_SZ);
}

int SystemCalls::Splice(int from, int to, uint32_t bytes) {
  return OrErrno(::splice(from, nullptr, to, nullptr, bytes, SPLICE_F_MOVE | SPLICE_F_NONBLOCK));
}

int SystemCalls::SendAhead(int fd, std::span<const uint8_t> bytes) {
  return OrErrno(::send(fd, bytes.data(), bytes.size(), MSG_MORE | MSG_DONTWAIT | MSG_NOSIGNAL));
}

int SystemCalls::ReadPipe(int fd, std::span<uint8_t> out) {
  return OrErrno(::read(fd, out.data(), out.size()));
}

int SystemCalls::UnreadBytes(int fd) {
  int bytes = 0;
  const int result = OrErrno(::ioctl(fd, SIOCINQ, &bytes));
  return result < 0 ? result : bytes;
}

int SystemCalls::OpenBeneath(int root, const char* path, Lookup lookup) {
  open_how how = kOpenBeneath;
  if (lookup == Lookup::kCached) how.resolve |= RESOLVE_CACHED;
  return OrErrno(syscall(SYS_openat2, root, path, &how, sizeof how));
}

int SystemCalls::OpenPathOnly(int root, const char* path, Lookup lookup) {
  open_how how = {.flags = O_PATH | O_CLOEXEC, .mode = 0, .resolve = RESOLVE_NO_MAGICLINKS};
  if (lookup == Lookup::kCached) how.resolve |= RESOLVE_CACHED;
  return OrErrno(syscall(SYS_openat2, root, path, &how, sizeof how));
}

int SystemCalls::PathBeneath(int root, int fd, std::span<char> path) {
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

int SystemCalls::StatusOf(int fd, FileStatus* status) {
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

int SystemCalls::SendFile(int socket, int file, uint64_t offset, uint32_t bytes) {
  auto at = static_cast<off_t>(offset);
  return OrErrno(::sendfile(socket, file, &at, bytes));
}

int SystemCalls::ReadResident(int file, std::span<uint8_t> out, uint64_t offset) {
  const iovec piece{.iov_base = out.data(), .iov_len = out.size()};
  return OrErrno(::preadv2(file, &piece, 1, static_cast<off_t>(offset), RWF_NOWAIT));
}

int SystemCalls::ReadAt(int file, std::span<uint8_t> out, uint64_t offset) {
  return OrErrno(::pread(file, out.data(), out.size(), static_cast<off_t>(offset)));
}

}  // namespace ringway::uring
