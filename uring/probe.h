// SPDX-License-Identifier: Apache-2.0
//
// What this kernel offers, found by trying it: each optional feature is used by a small program of
// its own on a ring of its own, once at start. Version numbers lie (backports, seccomp, limits).
#pragma once

#include <string>
#include <vector>

#include "uring/kernel.h"

namespace ringway::uring {

enum class Support : uint8_t {
  kUsed,     ///< offered, and the gateway uses it
  kUnused,   ///< offered, and the gateway has no use for it yet
  kMissing,  ///< not offered; `note` says what happens instead
};

struct ProbeRow {
  std::string name;
  std::string since;  ///< first kernel version with it
  Support support = Support::kMissing;
  std::string note;  ///< what it is for, or why it is missing and what happens instead
};

struct ProbeResult {
  /// Whether a worker can run at all; if not, `error` says why and what to do.
  bool usable = false;
  std::string error;
  FeatureSet features;  ///< for LinuxKernelOptions
  std::vector<ProbeRow> rows;
};

/// What became of a multishot receive into provided buffers.
enum class ReceiveTrial : uint8_t {
  kNone,       ///< it does not work
  kNotCapped,  ///< it works, and knows no cap
  kCapped,     ///< it ends by itself at its cap
};
/// Tries it on a kernel of real sockets, whose queues are empty.
ReceiveTrial TryReceives(Kernel& kernel);

/// Tries everything on the calling thread; a few milliseconds. Leaves nothing behind.
ProbeResult Probe();

}  // namespace ringway::uring
