// SPDX-License-Identifier: Apache-2.0
//
// What processes have used: time on cores and memory.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace ringway::load {

/// Nanoseconds of the monotonic clock.
uint64_t NowNs();

/// Nanoseconds on a core, in user space and in the kernel, of all threads of these processes,
/// ended threads and io_uring's workers included. Empty: one of them is gone.
std::optional<uint64_t> CpuNs(const std::vector<pid_t>& pids);

/// The same of the calling process.
uint64_t OwnCpuNs();

/// Proportional set size of these processes in bytes, from smaps_rollup. Empty: not readable.
std::optional<uint64_t> PssBytes(const std::vector<pid_t>& pids);

}  // namespace ringway::load
