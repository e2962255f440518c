// SPDX-License-Identifier: Apache-2.0
//
// The trials behind the feature table.
#include "uring/probe.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "uring/abi.h"
#include "uring/buffer_ring.h"
#include "uring/linux_kernel.h"
#include "uring/ring.h"

namespace ringway::uring {
namespace {

constexpr LinuxKernelOptions kTrial = {.sq_entries = 8, .cq_entries = 32};
constexpr uint64_t kTrialTimeoutNs = 1'000'000'000;

/// A pair of connected sockets that ends with its scope.
struct SocketPair {
  SocketPair() {
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) ends = {-1, -1};
  }
  ~SocketPair() {
    for (const int fd : ends) {
      if (fd >= 0) ::close(fd);
    }
  }
  SocketPair(const SocketPair&) = delete;
  SocketPair& operator=(const SocketPair&) = delete;

  std::array<int, 2> ends{};
};

constexpr uint32_t kTrialBytes = 4096;

// One multishot receive of a socket where twice kTrialBytes wait, with that cap or (0) without one.
// WHY not always with a cap: kernels before 6.17 refuse the field that it stands in.
ReceiveTrial TryReceive(Kernel& kernel, uint32_t cap_bytes) {
  constexpr uint32_t kBuffers = 8;
  SocketPair pair;
  std::vector<uint8_t> memory(kBuffers * kTrialBytes);
  if (pair.ends[0] < 0 || write(pair.ends[1], memory.data(), 2 * kTrialBytes) != 2 * kTrialBytes) {
    return ReceiveTrial::kNone;
  }
  auto buffers = BufferRing::Register(kernel, 0, kBuffers);
  if (!buffers.ok()) return ReceiveTrial::kNone;
  for (uint16_t i = 0; i < kBuffers; ++i) {
    buffers->Add(&memory[i * kTrialBytes], kTrialBytes / 2, i);
  }
  buffers->Publish();

  Ring ring(kernel);
  io_uring_sqe* sqe = ring.NextEntry();
  io_uring_prep_recv_multishot(sqe, pair.ends[0], nullptr, 0, 0);
  if (cap_bytes > 0) SetReceiveCap(*sqe, cap_bytes);
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->buf_group = 0;
  uint32_t delivered = 0;
  std::array<io_uring_cqe, 8> completions;
  while (delivered < 2 * kTrialBytes && ring.Turn(kTrialTimeoutNs) == 0) {
    const size_t count = ring.Reap(completions);
    if (count == 0) break;
    for (size_t i = 0; i < count; ++i) {
      const bool more = (completions[i].flags & IORING_CQE_F_MORE) != 0;
      if (completions[i].res > 0) delivered += static_cast<uint32_t>(completions[i].res);
      if (more) continue;
      if (completions[i].res <= 0) return ReceiveTrial::kNone;
      return delivered == cap_bytes ? ReceiveTrial::kCapped : ReceiveTrial::kNotCapped;
    }
  }
  // The receive is still armed: its socket's end ends it before its buffers go.
  shutdown(pair.ends[0], SHUT_RDWR);
  static_cast<void>(ring.Turn(kTrialTimeoutNs));
  static_cast<void>(ring.Reap(completions));
  return delivered > 0 ? ReceiveTrial::kNotCapped : ReceiveTrial::kNone;
}

std::string MemlockText() {
  rlimit limit{};
  if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return "unlimited";
  return absl::StrCat(limit.rlim_cur / 1024, " KiB");
}

// Registers as much memory as one worker's receive buffers take.
int TryFixedBuffers(LinuxKernel& kernel) {
  constexpr size_t kBytes = 20UL * 1024 * 1024;
  void* at = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return -errno;
  const iovec memory{.iov_base = at, .iov_len = kBytes};
  const int result = kernel.RegisterBuffers({&memory, 1});
  if (result == 0) kernel.UnregisterBuffers();
  munmap(at, kBytes);
  return result;
}

ProbeRow Row(const char* name, const char* since, Support support, std::string note) {
  return {.name = name, .since = since, .support = support, .note = std::move(note)};
}

ProbeRow Optional(const char* name, const char* since, bool used, const char* purpose,
                  const char* instead) {
  return Row(name, since, used ? Support::kUsed : Support::kMissing, used ? purpose : instead);
}

ProbeRow Unused(const char* name, const char* since, bool offered, const char* why) {
  return Row(name, since, offered ? Support::kUnused : Support::kMissing, why);
}

void AddRows(const LinuxKernel& kernel, FeatureSet features, int fixed_buffers,
             std::vector<ProbeRow>& rows) {
  rows.push_back(Optional("no submission array", "6.6", features.Has(Feature::kNoSqArray),
                          "one cache line less for each submission", "the array is filled once"));
  rows.push_back(Optional(
      "registered ring descriptor", "5.18", features.Has(Feature::kRegisteredRing),
      "entering the kernel skips a descriptor look-up", "the descriptor is looked up each turn"));
  rows.push_back(Optional("waiting is not I/O wait", "6.15", features.Has(Feature::kNoIowait),
                          "an idle worker counts as idle",
                          "an idle worker shows as I/O wait in top"));
  rows.push_back(Optional("receive cap", "6.17", features.Has(Feature::kReceiveCap),
                          "a receive ends by itself at its credit",
                          "a receive is cancelled at its credit; one turn may overrun it"));
  const bool fixed = fixed_buffers == 0;
  rows.push_back(Row("fixed buffers", "5.1", fixed ? Support::kUnused : Support::kMissing,
                     fixed ? "no route reads files or sends without copying yet"
                           : absl::StrCat("registering 20 MiB: ", std::strerror(-fixed_buffers),
                                          "; the limit on locked memory is ", MemlockText(),
                                          " (ulimit -l, LimitMEMLOCK=); the arena works "
                                          "unregistered")));
  const uint32_t bits = kernel.kernel_features();
  rows.push_back(Unused("bundles", "6.10", (bits & kFeatRecvSendBundle) != 0,
                        "several kernels reorder or shrink buffers with them"));
  rows.push_back(Unused("minimum wait", "6.12", (bits & kFeatMinTimeout) != 0,
                        "trades latency for batching, which the turn already does"));
}

}  // namespace

ReceiveTrial TryReceives(Kernel& kernel) {
  const ReceiveTrial capped = TryReceive(kernel, kTrialBytes);
  return capped != ReceiveTrial::kNone ? capped : TryReceive(kernel, 0);
}

ProbeResult Probe() {
  ProbeResult result;
  auto kernel = LinuxKernel::Open(kTrial);
  if (!kernel.ok()) {
    result.error = std::string(kernel.status().message());
    result.rows.push_back(Row("io_uring", "6.1", Support::kMissing, result.error));
    return result;
  }
  result.features = (*kernel)->features().Without(Feature::kReceiveCap);
  const ReceiveTrial receives = TryReceives(**kernel);
  if (receives == ReceiveTrial::kNone) {
    result.error =
        "multishot receive with provided buffers does not work on this kernel; Linux 6.1 or later "
        "is needed";
  } else {
    result.usable = true;
    if (receives == ReceiveTrial::kCapped)
      result.features = result.features.With(Feature::kReceiveCap);
  }
  result.rows.push_back(Row("io_uring, deferred task work", "6.1", Support::kUsed,
                            "completions are made when the worker asks"));
  result.rows.push_back(Row("multishot receive, provided buffers", "6.0",
                            result.usable ? Support::kUsed : Support::kMissing,
                            result.usable ? "an idle session holds no buffer" : result.error));
  const int fixed_buffers = TryFixedBuffers(**kernel);
  if (fixed_buffers != 0) result.features = result.features.Without(Feature::kFixedBuffers);
  AddRows(**kernel, result.features, fixed_buffers, result.rows);
  return result;
}

}  // namespace ringway::uring
