// SPDX-License-Identifier: Apache-2.0
//
// What the disk is asked for, and what it answers.
#include "tests/sim/file_operations.h"

#include <fcntl.h>
#include <linux/openat2.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ringway::sim {
namespace {

/// What the disk takes, and what it takes when it is busy.
constexpr uint64_t kDiskNsMax = 1'000'000;
constexpr uint64_t kBusyDiskNsMax = 100'000'000;
/// What the kernel has of memory that it will read into: whoever still reads it will notice.
constexpr int kTaken = 0xdb;

constexpr uint64_t kOpenFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
constexpr uint64_t kResolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;

}  // namespace

int FileOperations::RegisterBuffers(std::span<const iovec> buffers) {
  if (!fixed_.empty()) return -EBUSY;
  for (const iovec& one : buffers) {
    fixed_.push_back({static_cast<uint8_t*>(one.iov_base), one.iov_len});
  }
  return 0;
}

int FileOperations::UnregisterBuffers() {
  if (fixed_.empty()) return -ENXIO;
  fixed_.clear();
  return 0;
}

// WHY no other flags than LinuxKernel::OpenBeneath has: each of them keeps something away.
bool FileOperations::PrepareOpen(const io_uring_sqe& sqe, Request& request) {
  open_how how{};
  if (sqe.len != sizeof how || sqe.file_index != 0) {
    around_.verdict.Fail("an open with %u bytes of open_how, for slot %u", sqe.len, sqe.file_index);
    return false;
  }
  // Neither is looked at again, as with Linux: both may be gone when Enter returns.
  std::memcpy(&how, reinterpret_cast<const void*>(sqe.off), sizeof how);
  request.path = reinterpret_cast<const char*>(sqe.addr);
  const bool cached = (how.resolve & RESOLVE_CACHED) != 0;
  request.lookup = cached ? uring::Lookup::kCached : uring::Lookup::kWhole;
  if (how.flags != kOpenFlags || how.mode != 0 || (how.resolve & ~RESOLVE_CACHED) != kResolve) {
    around_.verdict.Fail("an open with flags %llx, mode %llx, resolve %llx", how.flags, how.mode,
                         how.resolve);
    return false;
  }
  const bool late = RINGWAY_STRIKES(around_.random, around_.faults, open_late);
  const uint64_t most = late ? kBusyDiskNsMax : kDiskNsMax;
  request.not_before_ns = around_.clock.now_ns + around_.random.Between(1, most);
  return true;
}

void FileOperations::PrepareRead(const io_uring_sqe& sqe, Request& request) {
  request.fixed_index = sqe.buf_index;
  if (sqe.off == UINT64_MAX || sqe.rw_flags != 0) {
    around_.verdict.Fail("a read at %llu with flags %x", sqe.off, sqe.rw_flags);
  }
  const bool late = RINGWAY_STRIKES(around_.random, around_.faults, read_late);
  const uint64_t most = late ? kBusyDiskNsMax : kDiskNsMax;
  request.not_before_ns = around_.clock.now_ns + around_.random.Between(1, most);
  if (!tables_->watch.is_on() || !IsRegistered(request)) return;
  std::ranges::fill(request.out, kTaken);
}

// A plain read goes anywhere.
bool FileOperations::IsRegistered(const Request& request) const {
  if (request.opcode != IORING_OP_READ_FIXED) return true;
  if (request.fixed_index >= fixed_.size()) return false;
  const std::span<const uint8_t> one = fixed_[request.fixed_index];
  const uint8_t* begin = request.out.data();
  return begin >= one.data() && begin + request.out.size() <= one.data() + one.size();
}

void FileOperations::TryOpen(Request& request) {
  const int result = calls_->OpenFound(request.fd, request.path, request.lookup);
  RINGWAY_TRACE(around_.verdict, "kernel: open \"%s\" = %d", request.path.c_str(), result);
  tables_->in_flight.Finish(request, result, Nature::kOther);
}

void FileOperations::TryRead(Request& request, File& file) {
  if (!IsRegistered(request)) return tables_->in_flight.Finish(request, -EFAULT, Nature::kOther);
  if (file.status.is_directory) return tables_->in_flight.Finish(request, -EISDIR, Nature::kOther);
  if (RINGWAY_STRIKES(around_.random, around_.faults, read_io_error)) {
    return tables_->in_flight.Finish(request, -EIO, Nature::kOther);
  }
  const size_t from = std::min<size_t>(request.offset, file.bytes.size());
  size_t count = std::min(request.out.size(), file.bytes.size() - from);
  if (count > 1 && RINGWAY_STRIKES(around_.random, around_.faults, short_read)) {
    count = 1 + around_.random.Below(count - 1);
  }
  if (count > 0) std::memcpy(request.out.data(), file.bytes.data() + from, count);
  file.NoteRead(from, count);
  tables_->in_flight.Finish(request, static_cast<int>(count), Nature::kOther);
}

}  // namespace ringway::sim
