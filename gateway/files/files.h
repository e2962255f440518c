// SPDX-License-Identifier: Apache-2.0
//
// The files that one worker serves: opened beneath a root, looked at, remembered for a while. A
// file is named by a lease: whoever holds one holds the file as it was found, whatever happens to
// its name meanwhile. Small files are in memory, larger ones a descriptor.
//
// In the order of a request: Find; where that says kUnknown, Open; where that says it too, Submit
// and OnCompletion. Only the last one may wait for a disk, and it does so in the kernel.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "gateway/base/arena.h"
#include "gateway/base/counters.h"
#include "gateway/base/ids.h"
#include "gateway/base/mapping.h"
#include "gateway/base/slab.h"
#include "gateway/files/name_index.h"
#include "gateway/files/shared_files.h"
#include "gateway/files/small_file.h"
#include "uring/kernel.h"
#include "uring/ring.h"

namespace ringway::files {

/// How long what was found is taken for true without another look.
inline constexpr uint64_t kFreshNs = 1'000'000'000;
/// How long a name that nobody asks for is remembered, and its file kept open.
inline constexpr uint64_t kRememberedNs = 60 * kFreshNs;
/// Names that Files::Age looks at: 64 cache lines. At four calls a second the default index is
/// through in four seconds, the largest in four minutes.
inline constexpr uint32_t kAgedAtOnce = 64;

enum class LookOutcome : uint8_t {
  kFile,       ///< a regular file
  kDirectory,  ///< a directory
  /// Nothing that may be served: absent, forbidden, outside the root, no file; or a link to what
  /// has a name, or lies in a folder, that begins with a dot.
  kMissing,
  kUnknown,      ///< not in memory: look further
  kUnavailable,  ///< no descriptor, no memory, a disk that fails: another time, perhaps
};

struct [[nodiscard]] Look {
  LookOutcome outcome = LookOutcome::kUnknown;
  base::Lease file;          ///< kFile: holds it
  uring::FileStatus status;  ///< kFile: as it was when the file was looked at last
};

struct FilesOptions {
  /// Files that are open or in memory at once: remembered, or held by a request. REQUIRES: the
  /// arena has as many lent buffers.
  uint32_t slots = 0;
  /// Names that are remembered; a power of two, 64 or more.
  uint32_t cached_files = 0;
  /// Descriptors of larger files that are kept open for the next request.
  uint32_t open_files = 0;
  /// Files of at most so many bytes are put in memory; 0: none.
  uint32_t small_bytes_max = 0;
  /// Directories, named by their place here. They stay the caller's.
  std::vector<int> roots{};
  /// What all workers share; empty: no file is put in memory.
  std::shared_ptr<SharedFiles> shared{};
  /// Secret, by chance: which names share a set of the index.
  uint64_t seed = 0;
};

/// One worker's. One thread. Bounds: slots, names, descriptors and bytes by the options; whatever
/// is over them is opened for the one request, or kUnavailable where every slot is taken.
/// REQUIRES, before it is destroyed: nobody holds a lease, then Forget and Collect.
class Files {
 public:
  /// Maps its tables; afterwards nothing is allocated but by SmallFile. RESOURCE_EXHAUSTED where
  /// address space is not to be had.
  static absl::StatusOr<Files> Map(FilesOptions options);

  /// To be called first; all three must outlive it.
  void Bind(uring::Ring& ring, base::Arena& arena, base::Counters& counters);

  /// Memory only. kUnknown where the name is not remembered, or was looked at longer than kFreshNs
  /// ago.
  Look Find(uint32_t root, std::string_view path, uint64_t now_ns);

  /// Looks at the file system as far as that is in memory, and remembers what was found. kUnknown:
  /// it is not, Submit it. `path`: relative to the root.
  Look Open(uint32_t root, const char* path, uint64_t now_ns);

  /// The same through the ring, with Operation::kOpenFile and `id` in the completion. `path` must
  /// stay until the ring was entered.
  void Submit(base::LinkId id, uint32_t root, const char* path);

  /// Takes that completion. REQUIRES: its result is a descriptor that nobody else closes, or an
  /// errno; `path` has a zero byte behind it. An absolute link whose end is not in memory is looked
  /// up here and now: that may wait for the disk. kUnknown: a name was changed while the kernel
  /// looked, or somebody breaks a lease (fcntl(2)) on the file; Submit it again, a bounded number
  /// of times.
  Look OnCompletion(const io_uring_cqe& cqe, uint32_t root, std::string_view path, uint64_t now_ns);

  /// Of a leased file: its descriptor, or -1 where it is in memory (lease.data(); nullptr of an
  /// empty file).
  int DescriptorOf(const base::Lease& file);
  /// Of a leased file: what was found of it.
  const uring::FileStatus& StatusOf(const base::Lease& file);
  /// Of a leased file: it was changed since. Find does not answer with it any more.
  void Distrust(const base::Lease& file);

  /// Closes files that nobody leases any more. Once a turn.
  void Collect();

  /// Forgets names that nobody asked for in kRememberedNs: deleted files give their space back to
  /// the disk. Looks at kAgedAtOnce names; to be called some times a second.
  void Age(uint64_t now_ns);

  /// Forgets all names: then only leases of others keep files open.
  void Forget();

  /// Closes every file, leased or not: for a worker whose ring has failed. Nothing of it may be
  /// called afterwards.
  void Abandon();

  /// Files that are open or in memory.
  uint32_t open() const { return files_.open(); }
  /// Those of them that are remembered by a descriptor.
  uint32_t descriptors_remembered() const { return descriptors_remembered_; }

 private:
  struct File {
    uring::FileStatus status;
    std::shared_ptr<const SmallFile> content;  ///< or, where it is empty, the descriptor
    int descriptor = -1;
    /// Its content was read again when the clock of its file system had moved on.
    bool is_settled = false;
    bool is_changed = false;  ///< somebody has seen that it is not what was found
  };

  Files(FilesOptions options, base::Slab<File> files, NameIndex names, base::Mapping buffer)
      : options_(std::move(options)),
        files_(std::move(files)),
        names_(std::move(names)),
        buffer_(std::move(buffer)) {}

  Look OnOpened(int fd, const Name& name, uint64_t now_ns);
  Look OnRefused(int error, const Name& name, uint64_t now_ns);
  Look OnRegular(int fd, const uring::FileStatus& status, const Name& name, uint64_t now_ns);
  Look Answer(const NameIndex::Entry& entry);
  void Remember(const Name& name, Known known, const base::Lease* file, uint64_t now_ns);
  void GiveUp(NameIndex::Entry& entry);
  uint32_t IndexOf(base::BufferId id) const;

  // ---- links.cc
  int WhyHidden(int fd, uint32_t root);
  int OpenLinked(uint32_t root, const char* path, uring::Lookup lookup);

  // ---- keeping.cc
  bool MayBeKept(const uring::FileStatus& status) const;
  std::shared_ptr<const SmallFile> Content(int fd, const uring::FileStatus& status);
  std::optional<std::span<const uint8_t>> ReadWhole(int fd, const uring::FileStatus& status);
  bool IsStillGood(const NameIndex::Entry& entry, int fd, const uring::FileStatus& status,
                   uint64_t now_ns);
  void Close(int fd);
  void CloseFile(uint32_t index);

  FilesOptions options_;
  uring::Ring* ring_ = nullptr;
  base::Arena* arena_ = nullptr;
  base::Counters* counters_ = nullptr;
  base::Slab<File> files_;  ///< by index in BufferClass::kLent
  NameIndex names_;
  base::Mapping buffer_;  ///< small_bytes_max: what is read before it is kept
  uint32_t descriptors_remembered_ = 0;
  uint32_t aged_ = 0;  ///< names that Age has looked at
};

}  // namespace ringway::files
