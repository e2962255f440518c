// SPDX-License-Identifier: Apache-2.0
//
// The ring's operations on files: those that may wait for the disk, and so always end later.
#include <fcntl.h>
#include <linux/openat2.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tests/sim/sim_kernel.h"

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

// WHY no other flags than LinuxKernel::OpenBeneath has: each of them keeps something away.
bool SimKernel::PrepareOpen(const io_uring_sqe& sqe, Request& request) {
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

void SimKernel::PrepareFileRead(const io_uring_sqe& sqe, Request& request) {
  request.fixed_index = sqe.buf_index;
  if (sqe.off == UINT64_MAX || sqe.rw_flags != 0) {
    around_.verdict.Fail("a read at %llu with flags %x", sqe.off, sqe.rw_flags);
  }
  const bool late = RINGWAY_STRIKES(around_.random, around_.faults, read_late);
  const uint64_t most = late ? kBusyDiskNsMax : kDiskNsMax;
  request.not_before_ns = around_.clock.now_ns + around_.random.Between(1, most);
  if (options_.watch == Watch::kContract || !IsRegistered(request)) return;
  std::ranges::fill(request.out, kTaken);
}

// A plain read goes anywhere.
bool SimKernel::IsRegistered(const Request& request) const {
  if (request.opcode != IORING_OP_READ_FIXED) return true;
  if (request.fixed_index >= fixed_.size()) return false;
  const std::span<const uint8_t> one = fixed_[request.fixed_index];
  const uint8_t* begin = request.out.data();
  return begin >= one.data() && begin + request.out.size() <= one.data() + one.size();
}

void SimKernel::TryOpen(Request& request) {
  const int result = OpenFound(request.fd, request.path, request.lookup);
  RINGWAY_TRACE(around_.verdict, "kernel: open \"%s\" = %d", request.path.c_str(), result);
  Finish(request, result, Nature::kOther);
}

void SimKernel::TryFileRead(Request& request, File& file) {
  if (!IsRegistered(request)) return Finish(request, -EFAULT, Nature::kOther);
  if (file.status.is_directory) return Finish(request, -EISDIR, Nature::kOther);
  if (RINGWAY_STRIKES(around_.random, around_.faults, read_io_error)) {
    return Finish(request, -EIO, Nature::kOther);
  }
  const size_t from = std::min<size_t>(request.offset, file.bytes.size());
  size_t count = std::min(request.out.size(), file.bytes.size() - from);
  if (count > 1 && RINGWAY_STRIKES(around_.random, around_.faults, short_read)) {
    count = 1 + around_.random.Below(count - 1);
  }
  if (count > 0) std::memcpy(request.out.data(), file.bytes.data() + from, count);
  file.NoteRead(from, count);
  Finish(request, static_cast<int>(count), Nature::kOther);
}

}  // namespace ringway::sim
