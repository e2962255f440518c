// SPDX-License-Identifier: Apache-2.0
//
// The ring's operations on files: those that may wait for the disk, and so always end later; and
// the registered memory that they read into.
#pragma once

#include <linux/io_uring.h>
#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <vector>

#include "tests/sim/file_calls.h"
#include "tests/sim/kernel_tables.h"

namespace ringway::sim {

class FileOperations {
 public:
  /// Both outlive it.
  FileOperations(KernelTables& tables, FileCalls& calls)
      : around_(tables.around), tables_(&tables), calls_(&calls) {}

  int RegisterBuffers(std::span<const iovec> buffers);
  int UnregisterBuffers();

  /// From an entry to a request. False: the entry is none that the worker may submit.
  bool PrepareOpen(const io_uring_sqe& sqe, Request& request);
  void PrepareRead(const io_uring_sqe& sqe, Request& request);
  /// Carries it out. REQUIRES: the disk has answered.
  void TryOpen(Request& request);
  void TryRead(Request& request, File& file);

 private:
  bool IsRegistered(const Request& request) const;

  Surroundings around_;
  KernelTables* tables_;
  FileCalls* calls_;
  std::vector<std::span<uint8_t>> fixed_;
};

}  // namespace ringway::sim
