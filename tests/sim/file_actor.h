// SPDX-License-Identifier: Apache-2.0
//
// Somebody who works in the tree while it is served: replaces files, writes to them, cuts them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "tests/sim/file_book.h"
#include "tests/sim/request.h"

namespace ringway::sim {

class FileActor {
 public:
  /// `changes`: times after the start. All must outlive it.
  FileActor(const std::vector<PlannedFile>& files, std::vector<PlannedChange> changes,
            FileBook& book, Verdict& verdict)
      : files_(&files), changes_(std::move(changes)), book_(&book), verdict_(&verdict) {
    std::ranges::stable_sort(changes_, {}, &PlannedChange::at_ns);
    for (const PlannedFile& file : files) book.Put(file);
  }

  void BeginAt(uint64_t now_ns) { begin_ns_ = now_ns; }
  uint64_t due_ns() const {
    return next_ == changes_.size() ? kNeverNs : begin_ns_ + changes_[next_].at_ns;
  }
  /// Everything that is due.
  void Act(uint64_t now_ns) {
    for (; due_ns() <= now_ns; ++next_) {
      const PlannedChange& change = changes_[next_];
      const std::string& path = (*files_)[change.file].path;
      RINGWAY_TRACE(*verdict_, "file \"%s\": change %d, %lu bytes", path.c_str(),
                    static_cast<int>(change.kind), change.bytes);
      book_->Change(path, change.kind, change.bytes);
    }
  }

 private:
  const std::vector<PlannedFile>* files_;
  std::vector<PlannedChange> changes_;
  FileBook* book_;
  Verdict* verdict_;
  uint64_t begin_ns_ = 0;
  size_t next_ = 0;
};

}  // namespace ringway::sim
