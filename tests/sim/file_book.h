// SPDX-License-Identifier: Apache-2.0
//
// What stood under each name of a tree, and when. Each content is a tape of its own, so that
// whoever gets bytes of two of them sees it; each has a second of its own as its time, so that a
// Last-Modified names it.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/file_plan.h"
#include "tests/sim/file_tree.h"
#include "tests/sim/tape.h"
#include "tests/sim/verdict.h"

namespace ringway::sim {

struct Version {
  std::string path;
  uint64_t bytes = 0;
  Tape tape{TapeKind::kBinary, 0};
  int64_t modified_s = 0;
  uint64_t until_ns = UINT64_MAX;  ///< when other bytes came to its name
  bool is_spoilt = false;          ///< those came in place: who has the file open lost these
  std::string entity_tag;          ///< as an answer has said it; empty: none has
};

class FileBook {
 public:
  /// Both must outlive it.
  FileBook(FileTree& tree, const SimClock& clock) : tree_(&tree), clock_(&clock) {}

  void Put(const PlannedFile& file);
  /// REQUIRES: the file is there.
  void Change(const std::string& path, ChangeKind kind, uint64_t bytes);

  /// The version of a name that an answer with this Last-Modified is about, if somebody may have
  /// been told of it who looked at `since_ns` or later; nullptr: none.
  Version* Find(std::string_view path, std::string_view last_modified, uint64_t since_ns);
  /// Whether a version of a name with so many bytes may have been told of then.
  bool HasSize(std::string_view path, uint64_t bytes, uint64_t since_ns) const;
  /// Whether somebody wrote to a file of this name then, or later: who was sent it is cut off.
  bool IsSpoilt(std::string_view path, uint64_t since_ns) const;
  /// How far back a request looks that was sent at `sent_ns`: a worker takes for true for a while
  /// what it has found.
  static uint64_t SinceNs(uint64_t sent_ns);
  /// Of a name, the newest that an answer has said; empty: none.
  std::string NewestTag(std::string_view path) const;
  /// Takes note of a tag; false: it contradicts another answer.
  [[nodiscard]] bool NoteTag(Version& version, std::string_view entity_tag);

  /// As RFC 9110 5.6.7 writes it. WHY not the gateway's: it is to be checked.
  static std::string DateOf(int64_t unix_s);

 private:
  Version& Add(const std::string& path, uint64_t bytes, const Tape& tape);
  Version& NewestOf(std::string_view path);
  void Write(File& file, const Version& version);

  FileTree* tree_;
  const SimClock* clock_;
  std::deque<Version> versions_;  ///< in the order in which they came
};

}  // namespace ringway::sim
