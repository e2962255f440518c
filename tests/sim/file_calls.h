// SPDX-License-Identifier: Apache-2.0
//
// The direct calls on files. Each does what the function of its name does in uring/kernel.h.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tests/sim/kernel_tables.h"

namespace ringway::sim {

class FileCalls {
 public:
  explicit FileCalls(KernelTables& tables) : around_(tables.around), tables_(&tables) {}

  int OpenBeneath(int root, const char* path, uring::Lookup lookup);
  /// The same without a word in the trace: what an open of the ring does, too.
  int OpenFound(int root, std::string_view path, uring::Lookup lookup);
  int PathBeneath(int root, int fd, std::span<char> path);
  int StatusOf(int fd, uring::FileStatus* status);
  int Send(int socket, int file, uint64_t offset, uint32_t bytes);
  int ReadResident(int file, std::span<uint8_t> out, uint64_t offset);
  int ReadAt(int file, std::span<uint8_t> out, uint64_t offset);

 private:
  int SendOneOf(int socket, int file, uint64_t offset, uint32_t bytes);
  bool RefusesProbe(File& file);

  Surroundings around_;
  KernelTables* tables_;
  bool mount_refuses_probe_ = false;
};

}  // namespace ringway::sim
