// SPDX-License-Identifier: Apache-2.0
//
// From entries to requests: takes submissions apart, refuses what is none, and cancels. Whatever an
// entry points to besides payload is read here and never again.
#pragma once

#include <linux/io_uring.h>

#include "tests/sim/file_operations.h"
#include "tests/sim/kernel_tables.h"
#include "tests/sim/operations.h"

namespace ringway::sim {

class Submissions {
 public:
  /// All three outlive it.
  Submissions(KernelTables& tables, FileOperations& files, Operations& operations)
      : around_(tables.around), tables_(&tables), files_(&files), operations_(&operations) {}

  /// One entry: it completes at once, or is in flight from now on.
  void Submit(const io_uring_sqe& sqe);

 private:
  bool Prepare(const io_uring_sqe& sqe, Request& request);
  void PrepareConnect(const io_uring_sqe& sqe, Request& request);
  void PrepareUnixConnect(Server& server, Request& request);
  void Cancel(const io_uring_sqe& sqe);
  bool CancelOne(Request& request);

  Surroundings around_;
  KernelTables* tables_;
  FileOperations* files_;
  Operations* operations_;
};

}  // namespace ringway::sim
