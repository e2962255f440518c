// SPDX-License-Identifier: Apache-2.0
//
// What a seed decides about files: which there are, what becomes of them while they are served, and
// what the client of a static route asks for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ringway::sim {

struct PlannedFile {
  std::string path;
  uint64_t bytes = 0;
  /// So many of them are in memory, from the first one on.
  uint64_t resident_bytes = UINT64_MAX;
};

enum class ChangeKind : uint8_t {
  kReplace,    ///< the name goes to another file
  kOverwrite,  ///< other bytes, in place
  kResize,     ///< the same bytes, fewer or more of them, in place
};

struct PlannedChange {
  uint64_t at_ns = 0;  ///< after the start
  ChangeKind kind = ChangeKind::kReplace;
  uint32_t file = 0;
  uint64_t bytes = 0;
};

/// What the target names, and so which answer there is.
enum class Wish : uint8_t {
  kFile,
  kMissing,    ///< 404: no such file, or none that is to be seen
  kMalformed,  ///< 400
  kFolder,     ///< 301
  kNoMethod,   ///< 405
};

enum class Condition : uint8_t {
  kNone,
  kIfNoneMatch,     ///< with the newest tag of the file that was seen
  kIfNoneMatchAny,  ///< "*"
  kIfMatch,         ///< with that tag
  kIfRange,         ///< with that tag
};

/// Bytes from `first` to `last`, both of them, as RFC 9110 14.1.2 counts.
struct AskedRange {
  static constexpr uint64_t kToTheEnd = UINT64_MAX;
  uint64_t first = 0;
  uint64_t last = kToTheEnd;
};

struct FileRequest {
  Wish wish = Wish::kFile;
  std::string target;  ///< below the route
  std::string path;    ///< kFile: of the file that it names
  bool head = false;   ///< HEAD, else GET
  Condition condition = Condition::kNone;
  std::vector<AskedRange> ranges;  ///< none: no Range field. In order, none over another
  uint64_t suffix_bytes = 0;       ///< the only range asks for so many of the last bytes
  bool pipelined = false;          ///< it does not wait for the answer to the one before
  bool closes = false;             ///< Connection: close
};

}  // namespace ringway::sim
