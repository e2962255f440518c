// SPDX-License-Identifier: Apache-2.0
//
// Clocks of processes, and /proc.
#include "bench/load/cpu_clock.h"

#include <sys/resource.h>
#include <time.h>

#include <fstream>
#include <string>

namespace ringway::load {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

uint64_t ToNs(const timespec& time) {
  return static_cast<uint64_t>(time.tv_sec) * kSecond + static_cast<uint64_t>(time.tv_nsec);
}

uint64_t ToNs(const timeval& time) {
  return static_cast<uint64_t>(time.tv_sec) * kSecond + static_cast<uint64_t>(time.tv_usec) * 1000;
}

std::optional<uint64_t> PssBytes(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  std::string word;
  while (file >> word) {
    uint64_t kibibytes = 0;
    if (word == "Pss:" && file >> kibibytes) return kibibytes * 1024;
  }
  return std::nullopt;
}

}  // namespace

uint64_t NowNs() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return ToNs(now);
}

// A process's CPU clock is exact, where /proc/PID/stat counts ticks of 10 ms.
std::optional<uint64_t> CpuNs(const std::vector<pid_t>& pids) {
  uint64_t sum = 0;
  for (pid_t pid : pids) {
    clockid_t clock = {};
    timespec time = {};
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) {
      return std::nullopt;
    }
    sum += ToNs(time);
  }
  return sum;
}

uint64_t OwnCpuNs() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return ToNs(usage.ru_utime) + ToNs(usage.ru_stime);
}

std::optional<uint64_t> PssBytes(const std::vector<pid_t>& pids) {
  uint64_t sum = 0;
  for (pid_t pid : pids) {
    const std::optional<uint64_t> bytes = PssBytes(pid);
    if (!bytes) return std::nullopt;
    sum += *bytes;
  }
  return sum;
}

}  // namespace ringway::load
