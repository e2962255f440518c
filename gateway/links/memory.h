// SPDX-License-Identifier: Apache-2.0
//
// Everything that the links of one worker may ever hold, reserved at start.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "gateway/base/fifo.h"
#include "gateway/base/ids.h"
#include "gateway/base/lease.h"
#include "gateway/base/mapping.h"
#include "gateway/base/slab.h"
#include "gateway/files/file_sender.h"
#include "gateway/links/link.h"

namespace ringway::links {

/// A file on its way to a client.
struct Download {
  base::Lease file;
  base::Lease cold;  ///< a chunk that the kernel fills with bytes that were not in memory
  files::FileRest rest;
  bool is_due = false;  ///< in the list of those with something to send
};

/// Links that one owner may have at once: a session its client's, its backend's, and one that was
/// dropped and that the kernel has not given back.
inline constexpr uint32_t kLinksPerOwner = 3;

/// Address space until it is used. One thread.
struct Memory {
  base::Slab<Link> links;
  base::Slab<Download> downloads;
  base::Mapping download_of;               ///< by link, a uint32_t: its download, where it has one
  base::Fifo<base::LinkId> due;            ///< links with something to send
  base::Fifo<base::LinkId> waiting;        ///< links that are armed at the end of a turn
  base::Fifo<base::LinkId> downloads_due;  ///< links whose file can go on, or whose is over
  base::Fifo<uint32_t> dead;               ///< dropped, and with the kernel no more

  /// For so many owners, each of whom may have one download. RESOURCE_EXHAUSTED where address space
  /// is not to be had.
  static absl::StatusOr<Memory> Reserve(uint32_t owners);
};

}  // namespace ringway::links
