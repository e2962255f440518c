// SPDX-License-Identifier: Apache-2.0
//
// Simulated files: a tree below one root, in memory. What is open stays as it is when its name goes
// to another file; what is written in place changes for everybody who has it open.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "uring/kernel.h"

namespace ringway::sim {

/// Whether a file system says what is in memory (RWF_NOWAIT).
enum class Probe : uint8_t { kUnasked, kAnswers, kRefused };

struct File {
  /// How many bytes from `offset` on are in memory, without a gap.
  uint64_t ResidentFrom(uint64_t offset) const;
  /// They were read from the disk: the pages that they lie in are in memory from now on.
  void NoteRead(uint64_t offset, uint64_t count);

  std::string path;  ///< beneath the root, which has none itself
  std::vector<uint8_t> bytes;
  uring::FileStatus status;
  bool is_cached = false;  ///< its name is in memory: it was opened before
  /// So many of its bytes are in memory, from the first one on, besides those that were read since.
  uint64_t resident_bytes = UINT64_MAX;
  std::set<uint64_t> pages_read;
  Probe probe = Probe::kUnasked;
};

/// One root and what is below it. No links.
class FileTree {
 public:
  FileTree();

  /// A file at a path such as "a/b.txt", and the directories above it. Whoever had another file
  /// open there keeps that.
  File& Put(const std::string& path, std::vector<uint8_t> bytes, int64_t now_ns);
  /// Other bytes for a file that is there already, in place.
  static void Overwrite(File& file, std::vector<uint8_t> bytes, int64_t now_ns);

  /// What openat2 with RESOLVE_BENEATH would say of the path: 0 and a file, or a negative errno.
  int Find(std::string_view path, std::shared_ptr<File>* file) const;

 private:
  std::map<std::string, std::shared_ptr<File>, std::less<>> files_;  ///< ".": the root
  uint64_t next_inode_ = 1;
};

}  // namespace ringway::sim
