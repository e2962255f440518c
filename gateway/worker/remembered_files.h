// SPDX-License-Identifier: Apache-2.0
//
// What the worker's files answer to its sessions, who know neither descriptors nor inodes.
#pragma once

#include <utility>

#include "gateway/files/files.h"
#include "gateway/session/file_index.h"

namespace ringway::worker {

inline session::FileLook ForSession(files::Look look) {
  session::FileLook answer{.file = std::move(look.file),
                           .bytes = look.status.bytes,
                           .modified_ns = look.status.modified_ns,
                           .changed_ns = look.status.changed_ns};
  switch (look.outcome) {
    case files::LookOutcome::kFile:
      answer.outcome = session::FileOutcome::kFile;
      break;
    case files::LookOutcome::kDirectory:
      answer.outcome = session::FileOutcome::kDirectory;
      break;
    case files::LookOutcome::kMissing:
      answer.outcome = session::FileOutcome::kMissing;
      break;
    case files::LookOutcome::kUnknown:
      answer.outcome = session::FileOutcome::kUnknown;
      break;
    case files::LookOutcome::kUnavailable:
      answer.outcome = session::FileOutcome::kUnavailable;
      break;
  }
  return answer;
}

/// `now_ns`: the turn's time, read at each call. Both must outlive it.
class RememberedFiles final : public session::FileIndex {
 public:
  RememberedFiles(files::Files& files, const uint64_t& now_ns) : files_(&files), now_ns_(&now_ns) {}

  session::FileLook Find(uint32_t route_index, std::string_view path) override {
    return ForSession(files_->Find(route_index, path, *now_ns_));
  }

 private:
  files::Files* files_;
  const uint64_t* now_ns_;
};

}  // namespace ringway::worker
