// SPDX-License-Identifier: Apache-2.0
//
// What a session asks about files: a worker remembers what it has found below the roots of its
// static routes, and whoever holds a lease on a file has it for as long.
#pragma once

#include <cstdint>
#include <string_view>

#include "gateway/base/arena.h"

namespace ringway::session {

enum class FileOutcome : uint8_t {
  kFile,
  kDirectory,
  kMissing,      ///< there is none, or none that may be seen
  kUnknown,      ///< the worker has to look for it
  kUnavailable,  ///< it may be there, but descriptors or memory are not, or the disk fails
};

struct FileLook {
  FileOutcome outcome = FileOutcome::kUnknown;
  /// kFile: its bytes are at `data()` if they are in memory; else that is nullptr.
  base::Lease file{};
  uint64_t bytes = 0;
  int64_t modified_ns = 0;  ///< since 1970, as the file says
  int64_t changed_ns = 0;   ///< since 1970, as the kernel says: of content, attributes and names
};

/// Why a file that was found cannot be sent whole.
enum class FileFault : uint8_t { kChanged, kUnreadable };

/// Whose file a Find intent looks for.
struct FileQuestion {
  uint32_t route_index = 0;
  /// By which the answer finds who has asked, or nobody.
  uint16_t generation = 0;
};

/// What became of a Find intent.
struct FoundFile {
  uint16_t generation = 0;  ///< of the question
  FileLook look;
  base::Piece path;  ///< of the intent: with kUnknown it may be asked for again
};

class FileIndex {
 public:
  virtual ~FileIndex() = default;

  /// Looks at what is remembered and enters no kernel. `path`: below the root of the route.
  virtual FileLook Find(uint32_t route_index, std::string_view path) = 0;
};

}  // namespace ringway::session
