// SPDX-License-Identifier: Apache-2.0
//
// Files that are what a test says: in memory or on a disk that nobody reads, not there, a folder,
// or not yet looked for.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/arena.h"
#include "gateway/session/file_index.h"

namespace ringway::session {

/// A Tuesday in 2023: what the wall's clock says in the harness, and when its files were written.
inline constexpr int64_t kUnixSeconds = 1'700'000'000;
inline constexpr int64_t kModifiedSeconds = kUnixSeconds - 1000;

class FakeFiles : public FileIndex {
 public:
  explicit FakeFiles(base::Arena& arena) : arena_(&arena) {}

  /// A file in memory.
  void Keep(std::string_view path, std::string_view content) { Put(path, content).is_kept = true; }
  /// One by descriptor.
  void Store(std::string_view path, std::string_view content) { Put(path, content); }
  /// Neither is one.
  void Set(std::string_view path, FileOutcome outcome) { Put(path, "").outcome = outcome; }
  /// The worker does not remember the names; Look finds what is there.
  void Forget() { remembers_ = false; }
  /// The same of one name.
  void Forget(std::string_view path) { forgotten_.emplace(path); }

  FileLook Find(uint32_t route_index, std::string_view path) override {
    asked.emplace_back(path);
    routes_asked.insert(route_index);
    if (!remembers_ || forgotten_.contains(std::string(path))) return {};
    return Look(path);
  }

  /// What is at a path, remembered or not; a name that nobody has put there is missing.
  FileLook Look(std::string_view path) {
    while (arena_->PopReturned(base::BufferClass::kLent) != base::Arena::kNone) continue;
    const auto found = files_.find(std::string(path));
    if (found == files_.end()) return {.outcome = FileOutcome::kMissing};
    const File& file = found->second;
    FileLook look{.outcome = file.outcome};
    if (file.outcome != FileOutcome::kFile) return look;
    look.bytes = file.content.size();
    look.modified_ns = kModifiedSeconds * 1'000'000'000 + 5;
    look.changed_ns = changed_ns;
    look.file = Lend(file);
    return look;
  }

  /// What is read of a leased file's descriptor.
  std::string Read(const base::Lease& file, uint64_t offset, uint64_t bytes) const {
    EXPECT_EQ(file.data(), nullptr) << "what is in memory is not read from a disk";
    const std::string& content = lent_.at(file.id())->content;
    EXPECT_LE(offset + bytes, content.size());
    return content.substr(offset, bytes);
  }

  int64_t changed_ns = 0;           ///< when the kernel says that all files were changed last
  std::vector<std::string> asked;   ///< of Find, in order
  std::set<uint32_t> routes_asked;  ///< by Find

 private:
  struct File {
    FileOutcome outcome = FileOutcome::kFile;
    std::string content;
    bool is_kept = false;
  };

  File& Put(std::string_view path, std::string_view content) {
    File& file = files_[std::string(path)];
    file.content = content;
    return file;
  }

  // Each look has a lease of its own: nobody here remembers which are out.
  base::Lease Lend(const File& file) {
    const uint32_t index = next_++ % arena_->count(base::BufferClass::kLent);
    const auto* data = reinterpret_cast<const uint8_t*>(file.content.data());
    base::Lease lease = arena_->Lend(index, file.is_kept ? data : nullptr);
    lent_[lease.id()] = &file;
    return lease;
  }

  base::Arena* arena_;
  std::map<std::string, File> files_;
  std::map<base::BufferId, const File*> lent_;
  std::set<std::string> forgotten_;
  uint32_t next_ = 0;
  bool remembers_ = true;
};

}  // namespace ringway::session
