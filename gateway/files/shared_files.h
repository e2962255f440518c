// SPDX-License-Identifier: Apache-2.0
//
// The small files that the workers of a process have in memory, so that they have them once. It
// holds none of them: a file lives for as long as a worker does hold it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "gateway/files/small_file.h"
#include "uring/kernel.h"

namespace ringway::files {

struct SharedFilesOptions {
  /// Memory of all files together.
  uint64_t bytes_max = 0;
  /// Files, each a mapping of its own. WHY so many: a quarter of what a process may map by default
  /// (vm.max_map_count, 65,530); beyond that, the arena of a later worker would be refused.
  uint32_t files_max = 16384;
};

/// Any thread. Its lock is only ever tried: a worker that finds it taken reads the file for itself,
/// so that no turn waits for another worker's.
class SharedFiles {
 public:
  explicit SharedFiles(const SharedFilesOptions& options);

  /// The content of the file that had this status; empty where nobody has it, or somebody else is
  /// looking.
  std::shared_ptr<const SmallFile> Find(const uring::FileStatus& status);

  /// Whether Keep would find room for so many bytes now. Others may take it meanwhile.
  bool HasRoom(uint64_t content_bytes) const;

  /// Puts the content of a file in memory, for everybody who finds the same status. Empty where
  /// there is no room, or the kernel has none.
  std::shared_ptr<const SmallFile> Keep(const uring::FileStatus& status,
                                        std::span<const uint8_t> content);

  /// The content was none of this status: whoever asks next reads the file. Without effect where
  /// somebody else is looking.
  void Forget(const uring::FileStatus& status);

  /// What is alive: the memory of all files, and their number.
  uint64_t bytes() const { return budget_->bytes.load(std::memory_order_relaxed); }
  uint32_t files() const { return budget_->files.load(std::memory_order_relaxed); }

 private:
  static constexpr size_t kWays = 8;

  /// What files that are alive take. Whoever lets go of a file, in any thread, lowers it, perhaps
  /// after the registry is gone. WHY relaxed: each number is a bound by itself; a thread that sees
  /// an older value refuses a file or finds the exchange fail, and publishes nothing through it.
  struct Budget {
    std::atomic<uint64_t> bytes{0};
    std::atomic<uint32_t> files{0};
  };
  /// Gives back what a file took.
  struct Release {
    std::shared_ptr<Budget> budget;
    void operator()(const SmallFile* file) const;
  };
  struct Row {
    uring::FileStatus status;
    std::weak_ptr<const SmallFile> file;
  };

  bool TryTake(uint64_t memory_bytes);
  std::span<Row> SetOf(const uring::FileStatus& status);

  const SharedFilesOptions options_;
  const std::shared_ptr<Budget> budget_;
  std::mutex mutex_;       ///< of the rows
  std::vector<Row> rows_;  ///< sets of kWays, as many as a power of two; never grows
  size_t next_victim_ = 0;
};

}  // namespace ringway::files
