// SPDX-License-Identifier: Apache-2.0
//
// What the parts of the simulated kernel work on together: descriptors, operations, completions,
// buffers, files. The world around opens and signals here, and checks read here.
#pragma once

#include <cstdint>
#include <span>

#include "tests/sim/completions.h"
#include "tests/sim/descriptors.h"
#include "tests/sim/file_tree.h"
#include "tests/sim/in_flight.h"
#include "tests/sim/surroundings.h"
#include "tests/sim/watched_groups.h"
#include "tests/sim/withholding.h"
#include "tests/sim/worker_watch.h"
#include "uring/kernel.h"

namespace ringway::sim {

struct SimKernelOptions {
  uint32_t sq_entries = 64;
  uint32_t cq_entries = 256;
  uring::FeatureSet features;
  Watch watch = Watch::kWorker;
  /// No wait is longer: whoever plays the world by hand has his turn again.
  uint64_t patience_ns = kNeverNs;
};

/// Entries that the worker has submitted.
struct SubmissionCounts {
  uint64_t all = 0;
  uint64_t of[256] = {};  ///< by opcode
};

/// Bytes that the direct calls have moved from sockets to pipes, and to sockets.
struct DirectBytes {
  uint64_t spliced_in = 0;
  uint64_t spliced_out = 0;
  uint64_t sent_ahead = 0;
  uint64_t sent_from_files = 0;
};

struct KernelTables {
  KernelTables(const Surroundings& surroundings, const SimKernelOptions& kernel_options);
  KernelTables(const KernelTables&) = delete;
  KernelTables& operator=(const KernelTables&) = delete;

  /// A file that has no name.
  int OpenNameless(std::span<const uint8_t> bytes);
  /// The root of `tree`.
  int OpenRoot();
  /// By all operations together that the worker knows of.
  uint64_t BytesMoved() const;

  const Surroundings around;
  const SimKernelOptions options;
  Completions completions;
  WatchedGroups groups;
  Descriptors descriptors;
  InFlight in_flight;
  Withholding withholding;
  WorkerWatch watch;
  FileTree tree;
  SubmissionCounts submitted;
  DirectBytes moved;
};

}  // namespace ringway::sim
